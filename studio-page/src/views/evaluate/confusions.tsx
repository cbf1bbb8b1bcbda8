import { formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import { cellTitle, confusionCells } from 'harrier/src/report/matrix.ts';
import { PAIRS_NOTE, Pairs } from 'harrier/src/report/pairs.ts';
import { useMemo } from 'preact/hooks';
import { Panel } from '../../components/panel.tsx';
import { place, setQuery } from '../../router.ts';
import { AnyMatrix } from './any-matrix.tsx';
import type { SectionProps } from './evaluation.ts';
import { cellOf } from './matrix.tsx';
import { Wall } from './wall.tsx';

const PAIRS = 8;

/** What is taken for what; a click on a cell shows the very images. */
export function Confusions({ evaluation, facts, predictions }: SectionProps) {
  const { matrix, classNames, confusions } = evaluation;
  const selected = cellOf(place.value.query.cell, classNames.length) ?? firstCell(evaluation);
  const cell = useMemo(() => confusionCells({ matrix, classNames }), [matrix, classNames]);
  const select = (row: number, column: number) => setQuery({ cell: `${row},${column}` }, { replace: true });
  const [row, column] = selected;
  const images = useMemo(() => {
    if (!predictions) return [];
    const { label, predicted, probability } = predictions;
    return label
      .flatMap((each, i) => (each === row && predicted[i] === column ? [i] : []))
      .sort((a, b) => probability[b] - probability[a]);
  }, [predictions, row, column]);
  const count = matrix[row][column];
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
          onSelect={select}
        />
        {confusions.length > 0 && (
          <div class="pairs-head">
            <h3>Most confused classes</h3>
            <p class="note">{PAIRS_NOTE}</p>
          </div>
        )}
        <Pairs
          confusions={confusions}
          most={PAIRS}
          selected={[classNames[row], classNames[column]]}
          onSelect={(trueClass, takenFor) =>
            select(classNames.indexOf(trueClass), classNames.indexOf(takenFor))
          }
        />
      </Panel>
      <Panel
        class="cell-images"
        title={cellTitle(classNames, row, column)}
        note={`${formatQuantity(count, 'image')}, ${formatPercent(count / Math.max(1, evaluation.perClass[row].support), 1)} of the ${classNames[row]} images; the surest first.`}
      >
        {facts && predictions && images.length > 0 && (
          <Wall facts={facts} predictions={predictions} images={images} classNames={classNames} />
        )}
        {count === 0 && <p class="note">No images in this cell, as it should be.</p>}
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
