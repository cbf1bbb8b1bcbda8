import { type HTMLAttributes, h, type JSX } from 'preact';
import type { Evaluation } from '../evaluation/evaluate.ts';
import { formatCount, formatPercent } from '../format/format.ts';
import { coordinate } from '../format/html.ts';

/** Up to here cells hold numbers. */
export const NUMBERED_CLASSES = 20;
/** Up to here the drawing names its rows and columns. */
const NAMED_CLASSES = 120;
/** Beyond this a cell is smaller than a pixel. */
const DRAWN_CLASSES = 500;
/** Fractions of the full colour that the weakest and the strongest cell get: text stays readable on it, in light and dark. */
const WEAKEST = 0.05;
const STRONGEST = 0.7;

type Evaluated = Pick<Evaluation, 'matrix' | 'classNames'>;

export interface MatrixCell {
  readonly text: string;
  /** For who cannot see the colour. */
  readonly words: string;
  readonly kind: 'right' | 'wrong' | 'none';
  /** 0–1. */
  readonly strength: number;
}

/** Cell by row (true class) and column (predicted class). */
export type CellOf = (row: number, column: number) => MatrixCell;

export interface MatrixProps {
  /** What it shows, for screen readers. */
  readonly label: string;
  readonly classNames: readonly string[];
  readonly cell: CellOf;
  /** Attributes of a cell's button; without, cells are no buttons. */
  readonly button?: (row: number, column: number) => HTMLAttributes<HTMLButtonElement>;
  /** Further attributes of the table. */
  readonly table?: HTMLAttributes<HTMLTableElement>;
}

/** True classes in rows, predicted ones in columns: a table whose cells are coloured. */
export function Matrix({ label, classNames, cell, button, table }: MatrixProps): JSX.Element {
  const classes = classNames.length;
  const isNumbered = classes <= NUMBERED_CLASSES;
  // Names stand upright only where they fit above their column.
  const isUpright = classes <= 10 && Math.max(...classNames.map((name) => [...name].length)) <= 10;
  const kinds = ['matrix', !isNumbered && 'fine', isUpright && 'upright'].filter(Boolean).join(' ');
  const cells = (row: number) =>
    classNames.map((name, column) => {
      const { text, words, kind, strength } = cell(row, column);
      const shown = isNumbered ? text : '';
      return h(
        'td',
        { key: name, class: kind, style: shade(kind, strength), title: button ? undefined : words },
        button
          ? h('button', { type: 'button', title: words, 'aria-label': words, ...button(row, column) }, shown)
          : shown,
      );
    });
  return h(
    'section',
    // What scrolls must be reachable by keyboard, and buttons are.
    { class: 'scroll', 'aria-label': label, tabIndex: button ? undefined : 0 },
    h(
      'table',
      { class: kinds, 'aria-label': label, style: { maxWidth: `${120 + 96 * classes}px` }, ...table },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          h('td', { class: 'corner' }, h('span', null, 'is ↓'), ' ', h('span', null, 'said →')),
          classNames.map((name) => h('th', { key: name, scope: 'col', title: name }, h('span', null, name))),
        ),
      ),
      h(
        'tbody',
        null,
        classNames.map((name, row) =>
          h('tr', { key: name }, h('th', { scope: 'row', title: name }, h('span', null, name)), cells(row)),
        ),
      ),
    ),
  );
}

/** What the colours of a confusion matrix stand for. */
export const MATRIX_NOTE =
  'Row: true class. Column: predicted class. The stronger the colour, the larger the fraction of the row.';

/** The confusion matrix to look at: with numbers for few classes, as a drawing for many. */
export function ConfusionMatrix({ matrix, classNames }: Evaluated): JSX.Element {
  const classes = classNames.length;
  if (classes > DRAWN_CLASSES) {
    return h(
      'p',
      null,
      `With ${formatCount(classes)} classes the matrix is too fine to draw; `,
      h('code', null, 'evaluation.json'),
      ' holds it.',
    );
  }
  const cell = confusionCells({ matrix, classNames });
  return classes <= NUMBERED_CLASSES
    ? h(Matrix, { label: 'Confusion matrix', classNames, cell })
    : drawing(classNames, cell);
}

/**
 * Cells of a confusion matrix. Hits are coloured by their fraction of the row, mistakes against the largest fraction among
 * mistakes: on a common scale the diagonal would leave nothing to see beside it.
 */
export function confusionCells({ matrix, classNames }: Evaluated): CellOf {
  const sums = matrix.map((cells) => cells.reduce((sum, count) => sum + count, 0));
  const fractionOf = (row: number, column: number) => (sums[row] === 0 ? 0 : matrix[row][column] / sums[row]);
  let largest = Number.MIN_VALUE;
  matrix.forEach((cells, row) => {
    cells.forEach((_, column) => {
      if (row !== column) largest = Math.max(largest, fractionOf(row, column));
    });
  });
  return (row, column) => {
    const count = matrix[row][column];
    const fraction = fractionOf(row, column);
    return {
      text: String(count),
      words: `${cellTitle(classNames, row, column)}: ${formatCount(count)} (${formatPercent(fraction, 1)})`,
      kind: count === 0 ? 'none' : row === column ? 'right' : 'wrong',
      // The square root spreads the many small mistakes, which a linear scale leaves white.
      strength: row === column ? fraction : Math.sqrt(fraction / largest),
    };
  };
}

/** `cat, recognised`, or `cat, taken for dog`. */
export function cellTitle(classNames: readonly string[], row: number, column: number): string {
  return row === column
    ? `${classNames[row]}, recognised`
    : `${classNames[row]}, taken for ${classNames[column]}`;
}

function drawing(classNames: readonly string[], cell: CellOf): JSX.Element {
  const label = classNames.length <= NAMED_CLASSES ? 130 : 0;
  const side = 1000 - label;
  const width = side / classNames.length;
  const at = (index: number) => coordinate(label + index * width);
  const cells = classNames.flatMap((_, row) =>
    classNames.flatMap((_, column) => {
      const { kind, strength, words } = cell(row, column);
      if (kind === 'none') return [];
      const size = { width: coordinate(width), height: coordinate(width) };
      const place = { x: at(column), y: at(row), ...size };
      return h('rect', { class: kind, style: shade(kind, strength), ...place }, h('title', null, words));
    }),
  );
  const size = coordinate(Math.min(14, width * 0.82));
  const middle = (index: number) => coordinate(at(index) + width / 2);
  const style = { fontSize: `${size}px` };
  const names = classNames.map((name, i) => {
    const text = shortened(name, Math.floor(label / (size * 0.56)));
    const turned = `translate(${middle(i)} ${label - 5}) rotate(-90)`;
    return [
      h('text', { x: label - 5, y: middle(i), dy: '0.35em', 'text-anchor': 'end', style }, text),
      h('text', { transform: turned, dy: '0.35em', style }, text),
    ];
  });
  return h(
    'section',
    { class: 'scroll', 'aria-label': 'Confusion matrix', tabIndex: 0 },
    h(
      'svg',
      {
        class: 'matrix-drawing',
        viewBox: '0 0 1000 1000',
        role: 'img',
        'aria-label': `Confusion matrix of ${classNames.length} classes as a heat map; the largest mistakes stand in the list of pairs`,
      },
      h('rect', { class: 'ground', x: label, y: label, width: side, height: side }),
      label > 0 && names,
      cells,
    ),
  );
}

function shade(kind: MatrixCell['kind'], strength: number): Record<string, string> | undefined {
  if (kind === 'none') return undefined;
  return { '--a': `${coordinate(100 * opacityOf(strength))}%` };
}

/** How much of its colour a cell of some strength has, 0–1. */
export function opacityOf(strength: number): number {
  return WEAKEST + (STRONGEST - WEAKEST) * strength;
}

function shortened(name: string, length: number): string {
  const letters = [...name];
  return letters.length <= length ? name : `${letters.slice(0, Math.max(1, length - 1)).join('')}…`;
}
