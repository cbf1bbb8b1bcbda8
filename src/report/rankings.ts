import { Fragment, h, type JSX } from 'preact';
import type { ClassRanking, OperatingPoint } from '../evaluation/ranking.ts';
import { formatCount, formatQuantity } from '../format/format.ts';
import { coordinate } from '../format/html.ts';
import { type Column, Table } from './table.ts';

/** Classes whose curves are drawn. */
const DRAWN = 12;
/** Width and height of a drawing's square. */
const SIZE = 140;
const LEFT = 34;
const TOP = 8;
const GAP = 44;
/** Points of a curve that a drawing of this size can show. */
const POINTS = 60;

/** What the curves say. */
export const RANKINGS_NOTE =
  'If the probability of a class decides whether an image is of the class, what does each threshold bring? Left: precision over recall, and its area, the average precision. Right: recall over the rate of false positives (ROC), and its area. Both areas are at most 1; by chance alone, the second is 0.5.';

/** Rules of these drawings. */
export const RANKINGS_STYLE = `
.rankings { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: 20px 28px; }
.ranking figcaption { font-size: 0.8125rem; color: var(--soft); }
.ranking figcaption b { display: block; color: var(--ink); font-size: 0.9rem; overflow-wrap: anywhere; }
.ranking svg { display: block; width: 100%; max-width: 400px; height: auto; margin-top: 4px; }
.ranking text { fill: var(--soft); font-size: 10px; }
.ranking .grid { stroke: var(--hair); }
.ranking .chance { stroke: var(--edge); stroke-dasharray: 1.5 3.5; }
.ranking path { fill: none; stroke: var(--series-1); stroke-width: 2; stroke-linejoin: round; }
.ranking path.roc { stroke: var(--series-2); }
`;

/** Precision–recall and ROC curves of the classes that are told apart worst, and the areas of all others as a table. */
export function Rankings({ rankings }: { readonly rankings: readonly ClassRanking[] }): JSX.Element {
  const known = rankings
    .filter(({ averagePrecision, rocAuc }) => averagePrecision !== undefined && rocAuc !== undefined)
    .sort((a, b) => a.averagePrecision! - b.averagePrecision!);
  const others = known.slice(DRAWN);
  return h(
    Fragment,
    null,
    others.length > 0 && h('p', { class: 'note' }, `The ${DRAWN} classes with the least average precision:`),
    h(
      'div',
      { class: 'rankings' },
      known.slice(0, DRAWN).map((ranking) => h(Ranking, { key: ranking.class, ranking })),
    ),
    others.length > 0 &&
      h(
        'details',
        null,
        h('summary', null, others.length === 1 ? 'The other class' : `The other ${others.length} classes`),
        h(Table<ClassRanking>, {
          label: 'Areas of the other classes',
          columns: COLUMNS,
          rows: others,
          keyOf: (row) => row.class,
          still: true,
        }),
      ),
  );
}

function Ranking({ ranking }: { readonly ranking: ClassRanking }): JSX.Element {
  const { class: name, averagePrecision, rocAuc, support, curve } = ranking;
  const areas = `average precision ${area(averagePrecision)}, ROC ${area(rocAuc)}`;
  return h(
    'figure',
    { class: 'ranking' },
    h('figcaption', null, h('b', null, name), `${areas}, ${formatQuantity(support, 'image')}`),
    h(
      'svg',
      {
        viewBox: `0 0 ${2 * SIZE + 2 * LEFT + GAP - 20} ${SIZE + TOP + 34}`,
        role: 'img',
        'aria-label': `${name}: ${areas}`,
      },
      square(
        LEFT,
        'recall',
        h('path', { d: pathOf(untilAll(curve), LEFT, ({ recall, precision }) => [recall, precision]) }),
      ),
      square(
        LEFT + SIZE + GAP,
        'false positives',
        h('line', {
          class: 'chance',
          x1: LEFT + SIZE + GAP,
          y1: TOP + SIZE,
          x2: LEFT + 2 * SIZE + GAP,
          y2: TOP,
        }),
        h('path', {
          class: 'roc',
          d: `M${LEFT + SIZE + GAP} ${TOP + SIZE}${pathOf(
            curve,
            LEFT + SIZE + GAP,
            ({ falsePositiveRate, recall }) => [falsePositiveRate, recall],
          ).replace('M', 'L')}`,
        }),
      ),
    ),
  );
}

function square(left: number, axis: string, ...content: JSX.Element[]): JSX.Element {
  return h(
    'g',
    null,
    [0, 0.5, 1].map((tick) => {
      const y = TOP + (1 - tick) * SIZE;
      return h(
        'g',
        { key: tick },
        h('line', { class: 'grid', x1: left, x2: left + SIZE, y1: y, y2: y }),
        h('text', { x: left - 5, y, dy: '0.35em', 'text-anchor': 'end' }, `${100 * tick}%`),
        h(
          'text',
          {
            x: left + tick * SIZE,
            y: TOP + SIZE + 14,
            'text-anchor': tick === 0 ? 'start' : tick === 1 ? 'end' : 'middle',
          },
          tick === 0.5 ? '' : `${100 * tick}%`,
        ),
      );
    }),
    h('text', { x: left + SIZE / 2, y: TOP + SIZE + 28, 'text-anchor': 'middle' }, axis),
    content,
  );
}

/** Up to the first threshold that finds all: lower ones only lose precision. */
function untilAll(curve: readonly OperatingPoint[]): readonly OperatingPoint[] {
  return curve.slice(0, curve.findIndex(({ recall }) => recall === 1) + 1);
}

/** The points that differ enough to be seen, first and last among them. */
function pathOf(
  curve: readonly OperatingPoint[],
  left: number,
  at: (point: OperatingPoint) => readonly [number, number],
): string {
  let text = '';
  let before: readonly [number, number] | undefined;
  curve.forEach((point, i) => {
    const [x, y] = at(point);
    const isFar = !before || Math.hypot(x - before[0], y - before[1]) >= 1 / POINTS;
    if (!isFar && i < curve.length - 1) return;
    before = [x, y];
    text += `${text === '' ? 'M' : 'L'}${coordinate(left + x * SIZE)} ${coordinate(TOP + (1 - y) * SIZE)}`;
  });
  return text;
}

const area = (value: number | undefined): string => value?.toFixed(3) ?? '–';

const COLUMNS: readonly Column<ClassRanking>[] = [
  { id: 'class', title: 'Class', cell: (row) => row.class },
  { id: 'ap', title: 'Average precision', numeric: true, cell: (row) => area(row.averagePrecision) },
  { id: 'roc', title: 'ROC area', numeric: true, cell: (row) => area(row.rocAuc) },
  { id: 'support', title: 'Images', numeric: true, cell: (row) => formatCount(row.support) },
];
