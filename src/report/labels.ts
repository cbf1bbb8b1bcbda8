import { Fragment, h, type JSX } from 'preact';
import type { LabelScores, MultiLabelEvaluation } from '../evaluation/multi-label.ts';
import { isKnown, type MacroScores, meansNote, weakestFirst } from '../evaluation/per-class.ts';
import { formatCount, formatPercent, formatQuantity } from '../format/format.ts';
import { fraction, holding } from './classes.ts';
import { type Column, Table } from './table.ts';

export interface LabelTableProps {
  readonly multiLabel: MultiLabelEvaluation;
  readonly macro: MacroScores;
  /** On paper and where no script runs nothing can be sorted. */
  readonly still?: boolean;
  /** Words that the names of the labels hold. Default: nothing is searched. */
  readonly search?: string;
}

/** What the columns mean. */
export const LABEL_TABLE_NOTE =
  'AP (average precision): how well the probability of the label puts images that have it before the others, whatever the threshold. From: its threshold, from which probability on an image counts as having it. With that: the fraction of its images that are found (recall), the fraction of the images given it that have it (precision), and both in one number (F1).';

/** How well each label is found, in numbers that are bars too. */
export function LabelTable({ multiLabel, macro, still = false, search = '' }: LabelTableProps): JSX.Element {
  const { labels, micro, meanAveragePrecision: mean, thresholdImages: images } = multiLabel;
  const note = meansNote(labels);
  return h(
    Fragment,
    null,
    h(Table<LabelScores>, {
      label: 'Scores of each label',
      columns: COLUMNS,
      rows: (labels.length > MOST_IN_ORDER ? weakestFirst(labels) : labels).filter(holding(search)),
      keyOf: (row) => row.class,
      still,
      foot: [
        'Mean',
        mean === undefined ? '–' : fraction(mean),
        ...[macro.recall, macro.precision, macro.f1].map(fraction),
        '',
        '',
      ],
    }),
    h(
      'p',
      { class: 'note' },
      `Over all decisions on a label of an image: recall ${formatPercent(micro.recall)}, precision ${formatPercent(micro.precision)}, F1 ${formatPercent(micro.f1)} (micro). `,
      images === undefined
        ? labels.every(({ threshold }) => threshold === 0.5)
          ? 'Thresholds are 0.5: none were chosen on held-out images.'
          : 'Thresholds are those of the model.'
        : `Thresholds have the highest F1 on ${formatQuantity(images, 'held-out image')}.`,
    ),
    note && h('p', { class: 'note' }, note),
  );
}

/** Up to here labels stand in their order; of more, the weakest first. */
const MOST_IN_ORDER = 20;

const score = (id: 'precision' | 'recall' | 'f1', title: string): Column<LabelScores> => ({
  id,
  title,
  numeric: true,
  sort: (row) => row[id],
  cell: (row) => (isKnown(row) ? fraction(row[id]) : '–'),
});

const COLUMNS: readonly Column<LabelScores>[] = [
  { id: 'class', title: 'Label', sort: (row) => row.class, cell: (row) => row.class },
  {
    id: 'averagePrecision',
    title: 'AP',
    numeric: true,
    sort: (row) => row.averagePrecision ?? -1,
    cell: (row) => (row.averagePrecision === undefined ? '–' : fraction(row.averagePrecision)),
  },
  score('recall', 'Found'),
  score('precision', 'Right when said'),
  score('f1', 'F1'),
  {
    id: 'threshold',
    title: 'From',
    numeric: true,
    sort: (row) => row.threshold,
    cell: (row) => row.threshold.toFixed(3),
  },
  {
    id: 'support',
    title: 'Images',
    numeric: true,
    sort: (row) => row.support,
    cell: (row) => formatCount(row.support),
  },
];
