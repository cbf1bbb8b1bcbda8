import { formatCertainty, formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import { Score } from 'harrier/src/report/score.ts';
import { useMemo, useState } from 'preact/hooks';
import { Panel } from '../../../components/panel.tsx';
import { ClassPanels } from '../class-panels.tsx';
import { MatrixPanels, worstCell } from '../matrix-panels.tsx';
import type { AnsweredImage, Evaluated } from './evaluating.ts';
import { AnswerWall } from './wall.tsx';

/** What came of an evaluation in this page. */
export function Results({ result, on }: { readonly result: Evaluated; readonly on: string }) {
  const { evaluation, answers, unknown } = result;
  const { classNames } = evaluation;
  const mistakes = useMemo(
    () =>
      answers
        .filter(({ image, predicted }) => image.label !== predicted)
        .toSorted((a, b) => b.probability - a.probability),
    [answers],
  );
  return (
    <>
      <section aria-label="In short" class="headline">
        <Score evaluation={evaluation} evaluatedOn={on} />
        {unknown !== undefined && (
          <p class="note">
            The model says that {formatQuantity(unknown, 'image')} {unknown === 1 ? 'shows' : 'show'} none of
            its classes.
          </p>
        )}
      </section>
      <Confusion result={result} />
      <ClassPanels evaluation={evaluation} />
      {mistakes.length > 0 && (
        <Panel
          title="The most confident mistakes"
          note={`${formatCount(mistakes.length)} wrong; the highest probability first.`}
        >
          <AnswerWall
            classNames={classNames}
            answers={mistakes}
            caption={({ image, predicted, probability }) =>
              `${classNames[image.label]}, said ${classNames[predicted]} ${formatCertainty(probability)}`
            }
          />
        </Panel>
      )}
    </>
  );
}

/** What is taken for what; a cell shows its images. */
function Confusion({ result: { evaluation, answers } }: { readonly result: Evaluated }) {
  const { matrix, classNames } = evaluation;
  const [selected, setSelected] = useState<readonly [number, number]>();
  const [row, column] = selected ?? worstCell(matrix);
  const images = useMemo(
    () =>
      answers
        .filter(({ image, predicted }: AnsweredImage) => image.label === row && predicted === column)
        .toSorted((a, b) => b.probability - a.probability),
    [answers, row, column],
  );
  return (
    <MatrixPanels
      evaluation={evaluation}
      selected={[row, column]}
      onSelect={(...chosen) => setSelected(chosen)}
    >
      <AnswerWall
        key={`${row},${column}`}
        classNames={classNames}
        answers={images}
        caption={({ probability }) => formatCertainty(probability)}
      />
    </MatrixPanels>
  );
}
