import { PAIRS_NOTE, Pairs } from 'harrier/src/report/pairs.ts';
import { useMemo } from 'preact/hooks';
import { place, setQuery } from '../../router.ts';
import type { SectionProps } from './evaluation.ts';
import { cellOf } from './matrix.tsx';
import { MatrixPanels, worstCell } from './matrix-panels.tsx';
import { Wall } from './wall.tsx';

const PAIRS = 8;

/** What is taken for what; a click on a cell shows the very images. */
export function Confusions({ evaluation, facts, predictions }: SectionProps) {
  const { matrix, classNames, confusions } = evaluation;
  const [row, column] = cellOf(place.value.query.cell, classNames.length) ?? worstCell(matrix);
  const select = (row: number, column: number) => setQuery({ cell: `${row},${column}` }, { replace: true });
  const images = useMemo(() => {
    if (!predictions) return [];
    const { label, predicted, probability } = predictions;
    return label
      .flatMap((each, i) => (each === row && predicted[i] === column ? [i] : []))
      .sort((a, b) => probability[b] - probability[a]);
  }, [predictions, row, column]);
  const pairs = (
    <>
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
    </>
  );
  return (
    <MatrixPanels evaluation={evaluation} selected={[row, column]} onSelect={select} below={pairs}>
      {facts && predictions && images.length > 0 && (
        <Wall
          key={`${row},${column}`}
          facts={facts}
          predictions={predictions}
          images={images}
          classNames={classNames}
        />
      )}
    </MatrixPanels>
  );
}
