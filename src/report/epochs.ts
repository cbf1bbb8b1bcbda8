import { h, type JSX } from 'preact';
import type { EpochRecord, History } from '../evaluation/history.ts';
import { formatNumber, formatPercent } from '../format/format.ts';
import { type Column, Table } from './table.ts';

/** All numbers of a training, epoch by epoch; columns that no epoch has are left out. */
export function EpochTable({ history }: { readonly history: History }): JSX.Element {
  return h(Table<EpochRecord>, {
    label: 'Training, epoch by epoch',
    columns: COLUMNS.filter(({ id }) => history.some((record) => record[id] !== undefined)),
    rows: history,
    keyOf: ({ epoch }) => String(epoch),
  });
}

const column = (id: keyof EpochRecord, title: string, format: (value: number) => string) => ({
  id,
  title,
  numeric: true,
  cell: (record: EpochRecord) => {
    const value = record[id];
    return value === undefined ? '' : format(value);
  },
});

const COLUMNS: readonly (Column<EpochRecord> & { readonly id: keyof EpochRecord })[] = [
  column('epoch', 'Epoch', String),
  column('loss', 'Loss', (value) => value.toFixed(4)),
  column('accuracy', 'Accuracy', (value) => formatPercent(value)),
  column('validationLoss', 'Validation loss', (value) => value.toFixed(4)),
  column('validationAccuracy', 'Validation accuracy', (value) => formatPercent(value)),
  column('learningRate', 'Learning rate', (value) => formatNumber(value)),
  column('seconds', 'Seconds', (value) => value.toFixed(1)),
];
