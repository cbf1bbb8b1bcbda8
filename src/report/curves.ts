import { Fragment, h, type JSX } from 'preact';
import type { EpochRecord, History } from '../evaluation/history.ts';
import { formatNumber, formatPercent } from '../format/format.ts';
import { EpochTable } from './epochs.ts';
import { LineChart, type Series } from './line-chart.ts';

/** How charts of accuracies write them. */
export const ACCURACY_AXIS = {
  ceiling: 1,
  format: (value: number) => formatPercent(value),
  formatTick: (value: number) => `${formatNumber(value * 100)}%`,
};

/** How charts of losses write them. */
export const LOSS_AXIS = {
  from: 0,
  format: (value: number) => value.toFixed(4),
  formatTick: (value: number) => formatNumber(value),
};

export interface CurvesProps {
  /** At least one epoch. */
  readonly history: History;
  /** On the test images, at the end. */
  readonly test: { readonly accuracy: number; readonly loss: number };
}

/** Loss and accuracy over the epochs, and all numbers as a table that opens on request. */
export function Curves({ history, test }: CurvesProps): JSX.Element {
  const epochs = history.map(({ epoch }) => epoch);
  const series = (training: keyof EpochRecord, validation: keyof EpochRecord): Series[] => {
    const validated = history.map((record) => record[validation]);
    // What counts is drawn whole.
    const dashed = validated.some((value) => value !== undefined);
    return [
      { name: 'training', kind: 'training', dashed, values: history.map((record) => record[training]) },
      { name: 'validation', kind: 'validation', values: validated },
    ];
  };
  const reference = (value: number) => ({ name: 'test, at the end', value });
  return h(
    Fragment,
    null,
    h(
      'div',
      { class: 'charts' },
      h(LineChart, {
        title: 'Accuracy',
        epochs,
        series: series('accuracy', 'validationAccuracy'),
        reference: reference(test.accuracy),
        ...ACCURACY_AXIS,
      }),
      h(LineChart, {
        title: 'Loss',
        epochs,
        series: series('loss', 'validationLoss'),
        reference: reference(test.loss),
        ...LOSS_AXIS,
      }),
    ),
    h('details', null, h('summary', null, 'The numbers, epoch by epoch'), h(EpochTable, { history })),
  );
}
