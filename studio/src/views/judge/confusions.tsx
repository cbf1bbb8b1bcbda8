import { formatCount, formatPercent, formatQuantity } from 'harrier/src/evaluation/format.ts';
import { useMemo } from 'preact/hooks';
import { Bars } from '../../components/bars.tsx';
import { Panel } from '../../components/panel.tsx';
import { place, setQuery } from '../../router.ts';
import type { SectionProps } from './evaluation.ts';
import { cellOf, Matrix, type MatrixCell, MOST_CLASSES } from './matrix.tsx';
import { Wall } from './wall.tsx';

const PAIRS = 8;

/** What is taken for what; a click on a cell shows the very pictures. */
export function Confusions({ evaluation, facts, predictions }: SectionProps) {
  const { matrix, classNames, confusions } = evaluation;
  const selected = cellOf(place.value.query.cell, classNames.length) ?? firstCell(evaluation);
  const cell = useMemo(() => shading(matrix, classNames), [matrix, classNames]);
  const select = (row: number, column: number) => setQuery({ cell: `${row},${column}` }, { replace: true });
  const [row, column] = selected;
  const pictures = useMemo(() => {
    if (!predictions) return [];
    const { label, predicted, probability } = predictions;
    return label
      .flatMap((each, i) => (each === row && predicted[i] === column ? [i] : []))
      .sort((a, b) => probability[b] - probability[a]);
  }, [predictions, row, column]);
  const count = matrix[row][column];
  return (
    <div class="judge-pair wide-left">
      <Panel
        title="Confusion matrix"
        note="Row: what the picture is. Column: what the model said. Click a cell to see its pictures."
      >
        {classNames.length <= MOST_CLASSES && (
          <Matrix
            label="Confusion matrix: true classes in rows, predicted classes in columns"
            classNames={classNames}
            cell={cell}
            selected={selected}
            onSelect={select}
          />
        )}
        <h3 class="pairs-title">Most often taken for each other</h3>
        <Bars
          label="Pairs of classes, most confused first"
          bars={confusions.slice(0, PAIRS).map(({ classes: [a, b], count: mistakes }) => ({
            id: `${classNames.indexOf(a)},${classNames.indexOf(b)}`,
            label: `${a} and ${b}`,
            value: mistakes,
            text: formatCount(mistakes),
            kind: 'wrong',
          }))}
          selected={selected.join()}
          onSelect={(id) => setQuery({ cell: id }, { replace: true })}
        />
      </Panel>
      <Panel
        class="cell-pictures"
        title={
          row === column
            ? `${classNames[row]}, recognised`
            : `${classNames[row]}, taken for ${classNames[column]}`
        }
        note={`${formatQuantity(count, 'picture')}, ${formatPercent(count / Math.max(1, evaluation.perClass[row].support), 1)} of the ${classNames[row]} pictures; the surest first.`}
      >
        {facts && predictions && pictures.length > 0 && (
          <Wall facts={facts} predictions={predictions} images={pictures} classNames={classNames} />
        )}
        {count === 0 && <p class="note">No picture of this kind: that is how it should be.</p>}
      </Panel>
    </div>
  );
}

/** The mistake that is made most often, or the first class where there is none. */
function firstCell({ matrix }: SectionProps['evaluation']): [number, number] {
  let best: [number, number] = [0, 0];
  let most = 0;
  matrix.forEach((cells, row) => {
    cells.forEach((count, column) => {
      if (row !== column && count > most) {
        most = count;
        best = [row, column];
      }
    });
  });
  return best;
}

/**
 * Hits by their share of the row, mistakes against the largest share among mistakes: on a common scale the diagonal
 * would leave nothing to see beside it.
 */
function shading(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
): (row: number, column: number) => MatrixCell {
  const sums = matrix.map((cells) => cells.reduce((sum, count) => sum + count, 0));
  const shareOf = (row: number, column: number) => (sums[row] === 0 ? 0 : matrix[row][column] / sums[row]);
  const largest = Math.max(
    Number.MIN_VALUE,
    ...matrix.flatMap((cells, row) => cells.map((_, column) => (row === column ? 0 : shareOf(row, column)))),
  );
  return (row, column) => {
    const count = matrix[row][column];
    const share = shareOf(row, column);
    const what =
      row === column
        ? `${classNames[row]}, recognised`
        : `${classNames[row]}, taken for ${classNames[column]}`;
    return {
      text: String(count),
      words: `${what}: ${formatCount(count)} (${formatPercent(share, 1)})`,
      kind: count === 0 ? 'none' : row === column ? 'right' : 'wrong',
      // The square root spreads the many small mistakes, which a linear scale leaves white.
      strength: row === column ? share : Math.sqrt(share / largest),
    };
  };
}
