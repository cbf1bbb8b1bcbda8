import { Fragment, h, type JSX } from 'preact';
import {
  type ClassScores,
  isKnown,
  type MacroScores,
  meansNote,
  weakestFirst,
} from '../evaluation/per-class.ts';
import { formatCount, formatPercent } from '../format/format.ts';
import { type Column, Table, type TableProps } from './table.ts';

/** Up to here every class is shown in class order; of more, the weakest first and the rest folded away. */
const ALL_CLASSES = 20;

export interface ClassTableProps {
  readonly perClass: readonly ClassScores[];
  readonly macro: MacroScores;
  /** On paper and where no script runs nothing can be sorted. */
  readonly still?: boolean;
  /** Words that the names of the classes hold: all that do are shown, in one table. Default: nothing is searched. */
  readonly search?: string;
}

/** What the columns mean. */
export const CLASS_TABLE_NOTE =
  'Found (recall): the fraction of the class’s images that the model recognises. Right when said (precision): the fraction of the images with this prediction that are of the class. F1: both in one number.';

/** How well each class is recognised, in numbers that are bars too. */
export function ClassTable({ perClass, macro, still = false, search }: ClassTableProps): JSX.Element {
  const many = perClass.length > ALL_CLASSES;
  const ordered = many ? weakestFirst(perClass) : perClass;
  const note = meansNote(perClass);
  const shown = search === undefined ? ordered.slice(0, ALL_CLASSES) : ordered.filter(holding(search));
  const folded = search === undefined ? ordered.slice(ALL_CLASSES) : [];
  const table = (rows: readonly ClassScores[], more: Partial<TableProps<ClassScores>>) =>
    h(Table<ClassScores>, {
      label: 'Scores of each class',
      columns: COLUMNS,
      rows,
      keyOf: (row) => row.class,
      still,
      ...more,
    });
  return h(
    Fragment,
    null,
    many && h('p', { class: 'note' }, 'Weakest first.'),
    table(shown, {
      foot: ['Mean', fraction(macro.recall), fraction(macro.precision), fraction(macro.f1), ''],
    }),
    note && h('p', { class: 'note' }, note),
    folded.length > 0 &&
      h(
        'details',
        null,
        h('summary', null, folded.length === 1 ? 'The other class' : `The other ${folded.length} classes`),
        table(folded, { label: 'Scores of the other classes' }),
      ),
  );
}

/** Whether a class's name holds all words of a text. */
export function holding(search: string): (row: Pick<ClassScores, 'class'>) => boolean {
  const words = search.toLowerCase().split(/\s+/);
  return ({ class: name }) => words.every((word) => name.toLowerCase().includes(word));
}

/** A fraction as a percentage, and as a bar. */
export function fraction(value: number): JSX.Element {
  return h(
    'span',
    { class: 'score-cell' },
    formatPercent(value, 1),
    h('i', { 'aria-hidden': true }, h('i', { style: { width: formatPercent(value, 1) } })),
  );
}

const score = (id: 'precision' | 'recall' | 'f1', title: string): Column<ClassScores> => ({
  id,
  title,
  numeric: true,
  sort: (row) => row[id],
  cell: (row) => (isKnown(row) ? fraction(row[id]) : '–'),
});

const COLUMNS: readonly Column<ClassScores>[] = [
  { id: 'class', title: 'Class', sort: (row) => row.class, cell: (row) => row.class },
  score('recall', 'Found'),
  score('precision', 'Right when said'),
  score('f1', 'F1'),
  {
    id: 'support',
    title: 'Images',
    numeric: true,
    sort: (row) => row.support,
    cell: (row) => formatCount(row.support),
  },
];
