import { type ComparedRun, compareRuns, verdict } from 'harrier/src/evaluation/comparison.ts';
import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import { type CellOf, cellTitle } from 'harrier/src/report/matrix.ts';
import type { DatasetInfo, RunDetails, RunPredictions, RunSummary } from 'harrier/src/studio-server/api.ts';
import { useMemo } from 'preact/hooks';
import { Panel } from '../../components/panel.tsx';
import { place, setQuery } from '../../router.ts';
import { nameOf } from '../../runs.ts';
import { AnyMatrix } from './any-matrix.tsx';
import { cellOf } from './matrix.tsx';
import { sameFiles } from './same-files.ts';
import { Wall } from './wall.tsx';

interface Side {
  readonly run: RunSummary;
  readonly details: RunDetails;
  readonly predictions: RunPredictions | undefined;
}

interface ComparisonProps {
  readonly first: Side;
  readonly second: Side;
  readonly facts: DatasetInfo | undefined;
}

/** Two runs side by side: whether they differ by more than luck, and in which cells of the matrix. */
export function Comparison({ first, second, facts }: ComparisonProps) {
  const { classNames, matrix } = second.details.evaluation!;
  const other = first.details.evaluation;
  const [difference] = useMemo(
    () => compareRuns([comparedOf(first, second), comparedOf(second, first)]).differences,
    [first, second],
  );
  // Of several labels, none is taken for another.
  const hasMatrix = matrix.length > 0 && (other?.matrix.length ?? 0) > 0;
  const isSame = hasMatrix && other?.classNames.join('\n') === classNames.join('\n');
  const cell = useMemo(
    () => (isSame ? differences(other.matrix, matrix, classNames) : undefined),
    [isSame, other, matrix, classNames],
  );
  const selected = cellOf(place.value.query.cell, classNames.length);
  const pairs = first.predictions && second.predictions && difference.by === 'mcnemar';
  return (
    <div class="evaluate-pair wide-left">
      <Panel
        title={`${nameOf(second.run)}, compared with ${nameOf(first.run)}`}
        note={verdict(nameOf(first.run), nameOf(second.run), difference)}
      >
        {cell ? (
          <>
            <p class="note">
              How many more or fewer images each cell has. Blue is better: more on the diagonal, fewer
              elsewhere.
            </p>
            <AnyMatrix
              label="Differences of the confusion matrices"
              classNames={classNames}
              matrix={matrix}
              cell={cell}
              selected={selected}
              onSelect={(row, column) => setQuery({ cell: `${row},${column}` }, { replace: true })}
            />
          </>
        ) : (
          <p class="note">
            {hasMatrix
              ? 'Their classes differ, so their matrices cannot be compared.'
              : 'A model of several labels has no confusion matrix.'}
          </p>
        )}
      </Panel>
      {pairs && facts && <Changed first={first} second={second} facts={facts} selected={selected} />}
    </div>
  );
}

/** The images on which the two differ: of a cell, or of all. */
function Changed(props: {
  readonly first: Side;
  readonly second: Side;
  readonly facts: DatasetInfo;
  readonly selected: readonly [number, number] | undefined;
}) {
  const { first, second, facts, selected } = props;
  const [a, b] = [first.predictions!, second.predictions!];
  const { classNames } = facts;
  const [key] = [selected?.join()];
  const [gained, lost] = useMemo(() => {
    const inCell = (columns: RunPredictions, image: number) =>
      selected
        ? columns.label[image] === selected[0] && columns.predicted[image] === selected[1]
        : columns.label[image] === columns.predicted[image];
    const images = b.label.map((_, image) => image);
    return [
      images.filter((image) => inCell(b, image) && !inCell(a, image)),
      images.filter((image) => !inCell(b, image) && inCell(a, image)),
    ];
  }, [a, b, key]);
  const where = selected ? `${classNames[selected[0]]}, said ${classNames[selected[1]]}` : 'Right';
  const caption = (image: number) => `${classNames[a.predicted[image]]} → ${classNames[b.predicted[image]]}`;
  const wall = (images: readonly number[]) => (
    <Wall facts={facts} predictions={b} classNames={classNames} images={images} size={84} caption={caption} />
  );
  return (
    <Panel class="cell-images" title={where} note="Prediction of the first run → prediction of the second.">
      <div class="stack">
        <h3>
          Only {nameOf(second.run)}: {formatQuantity(gained.length, 'image')}
        </h3>
        {wall(gained)}
        <h3>
          Only {nameOf(first.run)}: {formatQuantity(lost.length, 'image')}
        </h3>
        {wall(lost)}
      </div>
    </Panel>
  );
}

function comparedOf({ run, details, predictions }: Side, other: Side): ComparedRun {
  const { record, evaluation, history } = details;
  return {
    name: nameOf(run),
    options: {},
    testHash: sameFiles(predictions, other.predictions) ?? record?.data.test.hash ?? run.id,
    evaluation: evaluation!,
    history,
    seconds: record?.result?.seconds ?? 0,
    parameters: 0,
    ...(predictions && {
      predictions: predictions.label.map((label, i) => ({
        label,
        predicted: predictions.predicted[i],
        probability: predictions.probability[i],
        ...(predictions.group && { group: predictions.group[i] }),
      })),
    }),
  };
}

function differences(
  first: readonly (readonly number[])[],
  second: readonly (readonly number[])[],
  classNames: readonly string[],
): CellOf {
  const change = (row: number, column: number) => second[row][column] - first[row][column];
  let largest = 1;
  for (const [row, cells] of second.entries()) {
    for (const column of cells.keys()) largest = Math.max(largest, Math.abs(change(row, column)));
  }
  return (row, column) => {
    const more = change(row, column);
    const better = row === column ? more > 0 : more < 0;
    const sign = more > 0 ? '+' : more < 0 ? '−' : '';
    return {
      text: `${sign}${formatCount(Math.abs(more))}`,
      words: `${cellTitle(classNames, row, column)}: ${more === 0 ? 'as often' : `${formatCount(Math.abs(more))} ${more > 0 ? 'more' : 'fewer'}`}`,
      kind: more === 0 ? 'none' : better ? 'right' : 'wrong',
      strength: Math.sqrt(Math.abs(more) / largest),
    };
  };
}
