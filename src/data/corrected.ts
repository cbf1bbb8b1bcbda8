import { HarrierError } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { withLabels } from './relabelled.ts';
import { subset } from './subset.ts';

/** What the owner of an image says of it, without changing the image. */
export interface Correction {
  /** The class that it is of, as an index. */
  readonly label?: number;
  /** Left out of training and of evaluation. */
  readonly excluded?: boolean;
}

/** How many images of a data set have a label correction. One that is excluded counts as that alone. */
export interface CorrectionCounts {
  readonly relabelled: number;
  readonly excluded: number;
}

/**
 * A view of a data set as its label corrections have it: other labels, and without the excluded images. Without label corrections it is the
 * data set itself. Name and hash tell the two apart.
 *
 * @param marks by index
 * @throws HarrierError `bad-data` when a label is no class, or every image is excluded
 */
export function correctedDataset(dataset: Dataset, marks: ReadonlyMap<number, Correction>): Dataset {
  const { relabelled, excluded } = countCorrections(marks);
  if (relabelled === 0 && excluded === 0) return dataset;
  const name = [
    dataset.name,
    ...(relabelled > 0 ? [`${relabelled} relabelled`] : []),
    ...(excluded > 0 ? [`${excluded} excluded`] : []),
  ].join(', ');
  const changed = relabelled > 0 ? withCorrectedLabels(dataset, marks, name) : dataset;
  if (excluded === 0) return changed;
  const kept = [...changed.labels.keys()].filter((index) => !marks.get(index)?.excluded);
  if (kept.length > 0) return subset(changed, kept, name);
  throw new HarrierError('bad-data', 'every image is excluded', {
    where: dataset.name,
    next: 'Remove some corrections.',
  });
}

export function countCorrections(marks: ReadonlyMap<number, Correction>): CorrectionCounts {
  let relabelled = 0;
  let excluded = 0;
  for (const mark of marks.values()) {
    if (mark.excluded) excluded++;
    else if (mark.label !== undefined) relabelled++;
  }
  return { relabelled, excluded };
}

function withCorrectedLabels(
  dataset: Dataset,
  marks: ReadonlyMap<number, Correction>,
  name: string,
): Dataset {
  const { classNames } = dataset;
  const labels = Uint16Array.from(dataset.labels);
  for (const [index, { label, excluded }] of marks) {
    if (label === undefined || excluded) continue;
    if (Number.isInteger(label) && label >= 0 && label < classNames.length) labels[index] = label;
    else {
      throw new HarrierError(
        'bad-data',
        `the label that ${dataset.describe(index)} is corrected to is not a class`,
        {
          where: dataset.name,
          expected: `a whole number from 0 to ${classNames.length - 1}`,
          received: `${label}`,
        },
      );
    }
  }
  return withLabels(dataset, { name, labels }, `harrier-relabelled-1 ${dataset.hash}\n`);
}
