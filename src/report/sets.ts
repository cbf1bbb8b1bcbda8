import { Fragment, h, type JSX } from 'preact';
import type { SetCoverage, SetsEvaluation } from '../evaluation/prediction-sets.ts';
import { formatInterval, formatNumber, formatPercent, formatQuantity } from '../format/format.ts';
import { type Column, Table } from './table.ts';

/** What the table of sets is about. */
export const SETS_NOTE =
  'Instead of one class, a set of classes that holds the right one as often as promised: small where the model is sure, large where it is not.';

interface Row extends SetCoverage {
  readonly name: string;
}

/** How the sets of classes that a model can promise keep their promise, and how large they are. */
export function Sets({ sets }: { readonly sets: SetsEvaluation }): JSX.Element {
  const { calibrationImages, coverages, perClass = [] } = sets;
  const rows: Row[] = [
    ...coverages.map((each) => ({ ...each, name: formatPercent(each.coverage, 0) })),
    ...perClass.map((each) => ({ ...each, name: `${formatPercent(each.coverage, 0)} of each class` })),
  ];
  return h(
    Fragment,
    null,
    h(Table<Row>, {
      label: 'Sets of classes',
      columns: COLUMNS,
      rows,
      keyOf: ({ name }) => name,
      still: true,
    }),
    h(
      'p',
      { class: 'note' },
      `Calibrated on ${formatQuantity(calibrationImages, 'image')}, each with a model that was not trained on it.`,
    ),
  );
}

const COLUMNS: readonly Column<Row>[] = [
  { id: 'name', title: 'Promised', cell: ({ name }) => name },
  { id: 'covered', title: 'Kept', numeric: true, cell: ({ covered }) => formatPercent(covered) },
  {
    id: 'interval',
    title: '95% interval',
    numeric: true,
    cell: ({ interval95 }) => formatInterval(interval95),
  },
  {
    id: 'size',
    title: 'Classes in a set',
    numeric: true,
    cell: ({ meanSize }) => formatNumber(meanSize, 3),
  },
  {
    id: 'single',
    title: 'Sets of one class',
    numeric: true,
    cell: ({ sizes, images }) => formatPercent(sizes[0] / images, 1),
  },
];
