import { Fragment, h, type JSX } from 'preact';
import { formatNumber, formatPercent, formatQuantity } from '../format/format.ts';
import { ACCURACY_AXIS, LOSS_AXIS } from './curves.ts';
import { LineChart, type LineChartProps } from './line-chart.ts';
import { type Column, Table } from './table.ts';

/** A last layer that was fitted on features, as a report shows it. */
export interface FittedLayer {
  readonly kind: string;
  /** Inverse of the strength of regularisation that was chosen. */
  readonly c?: number;
  readonly folds?: number;
  /** What was tried, in the order of C. */
  readonly scores?: readonly StrengthRow[];
  /** Of one that was trained epoch by epoch: on held-out images after each. */
  readonly heldOut?: readonly { readonly loss: number; readonly accuracy: number }[];
  readonly epochs?: number;
}

interface StrengthRow {
  readonly c: number;
  readonly loss: number;
  readonly accuracy: number;
}

export interface FittingProps {
  readonly layer: FittedLayer;
  /** On the test images, at the end. */
  readonly test: { readonly accuracy: number; readonly loss: number };
}

/** Whether there is anything to show. */
export function hasFitting({ scores = [], heldOut = [] }: FittedLayer): boolean {
  return scores.length > 0 || heldOut.length > 0;
}

/** How the last layer was fitted: what held-out training images said of each strength, or of each epoch. */
export function Fitting({ layer, test }: FittingProps): JSX.Element {
  const { scores = [], heldOut = [] } = layer;
  return scores.length > 0
    ? h(Strengths, { layer, scores, test })
    : h(Charts, { rows: heldOut, positions: heldOut.map((_, i) => i + 1), test, words: epochWords(layer) });
}

function Strengths({
  layer,
  scores,
  test,
}: FittingProps & { readonly scores: readonly StrengthRow[] }): JSX.Element {
  const { c = Number.NaN, folds = 0 } = layer;
  const axis = { name: 'C', format: (position: number) => formatNumber(10 ** position, 1) };
  const words =
    `Each image of the training part was held out once, in ${formatQuantity(folds, 'fold')}. Of the values of C that chance ` +
    `could explain, the smallest is taken: ${formatNumber(c, 3)}. A smaller C regularises more.`;
  return h(
    Fragment,
    null,
    h(Charts, { rows: scores, positions: scores.map((row) => Math.log10(row.c)), axis, test, words }),
    h(
      'details',
      null,
      h('summary', null, 'The numbers, C by C'),
      h(Table<StrengthRow>, {
        label: 'Cross-validation by C',
        columns: COLUMNS,
        rows: scores,
        keyOf: (row) => String(row.c),
      }),
    ),
  );
}

const COLUMNS: readonly Column<StrengthRow>[] = [
  { id: 'c', title: 'C', numeric: true, cell: ({ c }) => formatNumber(c, 3) },
  { id: 'loss', title: 'Loss', numeric: true, cell: ({ loss }) => loss.toFixed(4) },
  { id: 'accuracy', title: 'Accuracy', numeric: true, cell: ({ accuracy }) => formatPercent(accuracy) },
];

function epochWords({ epochs = 0 }: FittedLayer): string {
  return `A part of the training images was held out first. Their loss was lowest after ${formatQuantity(epochs, 'epoch')}, and all images were then trained on for as many.`;
}

interface ChartsProps extends Pick<FittingProps, 'test'>, Pick<LineChartProps, 'axis'> {
  readonly rows: readonly { readonly loss: number; readonly accuracy: number }[];
  readonly positions: readonly number[];
  readonly words: string;
}

function Charts({ rows, positions: epochs, axis, test, words }: ChartsProps): JSX.Element {
  const chart = (title: string, key: 'accuracy' | 'loss', scale: typeof ACCURACY_AXIS | typeof LOSS_AXIS) =>
    h(LineChart, {
      title,
      epochs,
      ...(axis && { axis }),
      series: [{ name: 'held-out images', kind: 'validation', values: rows.map((row) => row[key]) }],
      reference: { name: 'test, at the end', value: test[key] },
      ...scale,
    });
  return h(
    Fragment,
    null,
    h('p', null, words),
    h(
      'div',
      { class: 'charts' },
      chart('Accuracy', 'accuracy', ACCURACY_AXIS),
      chart('Loss', 'loss', LOSS_AXIS),
    ),
  );
}
