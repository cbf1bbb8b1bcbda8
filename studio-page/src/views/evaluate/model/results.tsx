import { formatCertainty, formatCount, formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import { CLASS_TABLE_NOTE, ClassTable } from 'harrier/src/report/classes.ts';
import { cellTitle, confusionCells } from 'harrier/src/report/matrix.ts';
import { Reliability, ReliabilityWords } from 'harrier/src/report/reliability.ts';
import { Score } from 'harrier/src/report/score.ts';
import { useMemo, useState } from 'preact/hooks';
import { Panel } from '../../../components/panel.tsx';
import { AnyMatrix } from '../any-matrix.tsx';
import { Searchable } from '../searchable.tsx';
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
      <div class="evaluate-pair">
        <Panel title="Class by class" note={CLASS_TABLE_NOTE}>
          <Searchable noun="class" rows={evaluation.perClass.length}>
            {(search) => (
              <ClassTable
                perClass={evaluation.perClass}
                macro={evaluation.macro}
                {...(search !== undefined && { search })}
              />
            )}
          </Searchable>
        </Panel>
        <Panel title="Are its probabilities accurate?" note="Accuracy by stated probability.">
          <Reliability calibration={evaluation.calibration} />
          <ReliabilityWords evaluation={evaluation} />
        </Panel>
      </div>
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
  const { matrix, classNames, perClass } = evaluation;
  const cell = useMemo(() => confusionCells({ matrix, classNames }), [matrix, classNames]);
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
          selected={[row, column]}
          onSelect={(...chosen) => setSelected(chosen)}
        />
      </Panel>
      <Panel
        class="cell-images"
        title={cellTitle(classNames, row, column)}
        note={`${formatQuantity(images.length, 'image')}, ${formatPercent(images.length / Math.max(1, perClass[row].support), 1)} of the ${classNames[row]} images; the surest first.`}
      >
        <AnswerWall
          key={`${row},${column}`}
          classNames={classNames}
          answers={images}
          caption={({ probability }) => formatCertainty(probability)}
        />
      </Panel>
    </div>
  );
}

/** The mistake that is made most often, or the first class where there is none. */
function worstCell(matrix: Evaluated['evaluation']['matrix']): readonly [number, number] {
  const cells = matrix.flatMap((counts, row) =>
    counts.flatMap((count, column) => (row !== column && count > 0 ? [{ row, column, count }] : [])),
  );
  if (cells.length === 0) return [0, 0];
  const { row, column } = cells.reduce((a, b) => (b.count > a.count ? b : a));
  return [row, column];
}
