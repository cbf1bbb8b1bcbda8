import type { Evaluation } from 'harrier/src/evaluation/evaluate.ts';
import { formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import { cellTitle, confusionCells } from 'harrier/src/report/matrix.ts';
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { Panel } from '../../components/panel.tsx';
import { AnyMatrix } from './any-matrix.tsx';

interface MatrixPanelsProps {
  readonly evaluation: Evaluation;
  readonly selected: readonly [row: number, column: number];
  readonly onSelect: (row: number, column: number) => void;
  /** Below the matrix. */
  readonly below?: ComponentChildren;
  /** The images of the selected cell. */
  readonly children: ComponentChildren;
}

/** What is taken for what, and beside it the images of the cell that is selected. */
export function MatrixPanels({ evaluation, selected, onSelect, below, children }: MatrixPanelsProps) {
  const { matrix, classNames, perClass } = evaluation;
  const cell = useMemo(() => confusionCells({ matrix, classNames }), [matrix, classNames]);
  const [row, column] = selected;
  const count = matrix[row][column];
  const fraction = formatPercent(count / Math.max(1, perClass[row].support), 1);
  return (
    <div class="evaluate-pair wide-left">
      <Panel
        title="Confusion matrix"
        note="Row: what the image is. Column: what the model said. Click a cell to see its images."
      >
        <AnyMatrix
          label="Confusion matrix: true classes in rows, predicted classes in columns"
          classNames={classNames}
          matrix={matrix}
          cell={cell}
          selected={selected}
          onSelect={onSelect}
        />
        {below}
      </Panel>
      <Panel
        class="cell-images"
        title={cellTitle(classNames, row, column)}
        note={`${formatQuantity(count, 'image')}, ${fraction} of the ${classNames[row]} images; the surest first.`}
      >
        {children}
        {count === 0 && row !== column && <p class="note">No images in this cell, as it should be.</p>}
      </Panel>
    </div>
  );
}

/** The mistake that is made most often, or the first class where there is none. */
export function worstCell(matrix: Evaluation['matrix']): readonly [row: number, column: number] {
  const cells = matrix.flatMap((counts, row) =>
    counts.flatMap((count, column) => (row !== column && count > 0 ? [{ row, column, count }] : [])),
  );
  if (cells.length === 0) return [0, 0];
  const { row, column } = cells.reduce((a, b) => (b.count > a.count ? b : a));
  return [row, column];
}
