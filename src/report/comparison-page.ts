import { h, type JSX } from 'preact';
import { type Comparison, comparisonRows, verdict } from '../evaluation/comparison.ts';
import { formatPercent } from '../format/format.ts';
import { ACCURACY_AXIS, LOSS_AXIS } from './curves.ts';
import { LineChart, type Series } from './line-chart.ts';
import { renderPage, section } from './page.ts';
import { Table } from './table.ts';

/**
 * Runs side by side as one HTML page that needs nothing else: facts, curves on one chart, classes.
 * @returns the whole page
 */
export function renderComparison(comparison: Comparison): string {
  const { runs, differences, classes } = comparison;
  const [first] = runs;
  const names = runs.map(({ name }) => name);
  const recalls = classes.map(({ class: name, recalls }) => [
    name,
    ...recalls.map((recall) => (recall === undefined ? '–' : formatPercent(recall))),
  ]);
  return renderPage({
    title: `${names.join(' · ')} – Harrier comparison`,
    style: coloursOf(runs.length),
    children: [
      h('header', null, h('p', { class: 'brand' }, 'Harrier comparison'), h('h1', null, names.join(' · '))),
      section(
        'facts',
        'Side by side',
        undefined,
        table('Side by side', names, comparisonRows(comparison)),
        h(
          'ul',
          { class: 'verdicts' },
          differences.map((each, i) => h('li', null, verdict(first.name, names[i + 1], each))),
        ),
      ),
      curves(comparison),
      section(
        'classes',
        'Class by class',
        'Recall of each class, largest difference first.',
        table('Class by class', names, recalls),
      ),
    ],
  });
}

function table(label: string, runs: readonly string[], rows: readonly (readonly string[])[]): JSX.Element {
  const columns = ['', ...runs].map((title, i) => ({
    id: String(i),
    title: i === 0 ? '' : [h('i', { class: `run run${i - 1}`, 'aria-hidden': true }), title],
    cell: (row: readonly string[]) => row[i],
    numeric: i > 0,
  }));
  return h(Table<readonly string[]>, { label, columns, rows, keyOf: ([name]) => name });
}

/** Validation curves of all runs on one chart, or training curves where not all have validation. */
function curves({ runs }: Comparison): JSX.Element | undefined {
  const longest = Math.max(...runs.map(({ history }) => history.length));
  if (longest === 0) return undefined;
  const validated = runs.every(({ history }) =>
    history.some(({ validationLoss }) => validationLoss !== undefined),
  );
  const which = validated ? 'validation' : 'training';
  const epochs = Array.from({ length: longest }, (_, i) => i + 1);
  const series = (key: 'accuracy' | 'validationAccuracy' | 'loss' | 'validationLoss') =>
    runs.map(
      ({ name, history }, i): Series => ({
        name,
        kind: `run${i}`,
        values: epochs.map((epoch) => history[epoch - 1]?.[key]),
      }),
    );
  return section(
    'training',
    'How they learned',
    undefined,
    h(
      'div',
      { class: 'charts' },
      h(LineChart, {
        title: `Accuracy on ${which} images`,
        epochs,
        series: series(validated ? 'validationAccuracy' : 'accuracy'),
        ...ACCURACY_AXIS,
      }),
      h(LineChart, {
        title: `Loss on ${which} images`,
        epochs,
        series: series(validated ? 'validationLoss' : 'loss'),
        ...LOSS_AXIS,
      }),
    ),
  );
}

/** The palette of Okabe and Ito, which common kinds of colour blindness can tell apart; it begins anew after eight. */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a7b00', '#7d8691'];

const coloursOf = (runs: number): string => `
${Array.from({ length: runs }, (_, i) => `.run${i} { --line: ${PALETTE[i % PALETTE.length]}; }`).join('\n')}
i.run { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 7px; background: var(--line); }
.table .numeric { white-space: nowrap; }
.verdicts { margin-top: 20px; display: grid; gap: 6px; }
`;
