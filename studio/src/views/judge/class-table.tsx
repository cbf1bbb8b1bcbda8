import type { Evaluation } from 'harrier/src/evaluation/evaluate.ts';
import { formatCount, formatPercent } from 'harrier/src/evaluation/format.ts';
import type { ClassScores } from 'harrier/src/evaluation/per-class.ts';
import { Panel } from '../../components/panel.tsx';
import { type Column, Table } from '../../components/table.tsx';

const score = (id: 'precision' | 'recall' | 'f1', title: string): Column<ClassScores> => ({
  id,
  title,
  numeric: true,
  sort: (row) => row[id],
  cell: (row) => (
    <span class="score-cell">
      {formatPercent(row[id], 1)}
      <i aria-hidden="true">
        <i style={{ width: `${100 * row[id]}%` }} />
      </i>
    </span>
  ),
});

const COLUMNS: readonly Column<ClassScores>[] = [
  { id: 'class', title: 'Class', sort: (row) => row.class, cell: (row) => row.class },
  score('recall', 'Found'),
  score('precision', 'Right when said'),
  score('f1', 'F1'),
  {
    id: 'support',
    title: 'Pictures',
    numeric: true,
    sort: (row) => row.support,
    cell: (row) => formatCount(row.support),
  },
];

/** How well each class is recognised. */
export function ClassTable({ evaluation }: { readonly evaluation: Evaluation }) {
  return (
    <Panel
      title="Class by class"
      note="Found: of the pictures of a class, the share recognised (recall). Right when said: of those that it says are of the class, the share that is (precision)."
    >
      <Table
        label="Scores of each class"
        columns={COLUMNS}
        rows={evaluation.perClass}
        keyOf={(row) => row.class}
      />
    </Panel>
  );
}
