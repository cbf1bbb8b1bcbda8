import { HarrierError, unknownName } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { classCounts } from './statistics.ts';

/**
 * The weight of each class in the loss: numbers by class name, 1 for classes without a number; or `balanced`, n / (k ·
 * nᶜ) for nᶜ of n images in k classes, so that all classes have the same weight and an average image weighs 1.
 */
export type ClassWeight = 'balanced' | Readonly<Record<string, number>>;

/**
 * The weight of each class, in the order of the class names.
 * @throws HarrierError `bad-option` for an unknown class, or a weight that is not a number of at least 0
 */
export function classWeights(
  dataset: Pick<Dataset, 'name' | 'size' | 'labels' | 'classNames'>,
  classWeight: ClassWeight = {},
): readonly number[] {
  const { classNames, size } = dataset;
  if (classWeight === 'balanced') {
    const counts = classCounts(dataset);
    const there = counts.filter((count) => count > 0).length;
    return Array.from(counts, (count) => (count === 0 ? 0 : size / (there * count)));
  }
  if (typeof classWeight !== 'object' || classWeight === null) {
    throw badWeight('"balanced" or { name: weight }', classWeight);
  }
  for (const [name, weight] of Object.entries(classWeight)) {
    if (!classNames.includes(name)) throw unknownName(`class of ${dataset.name}`, name, classNames);
    if (!(Number.isFinite(weight) && weight >= 0)) throw badWeight(`a number from 0 for "${name}"`, weight);
  }
  const weights = classNames.map((name) => (Object.hasOwn(classWeight, name) ? classWeight[name] : 1));
  if (weights.every((weight) => weight === 0))
    throw badWeight('a weight above 0 for some class', classWeight);
  return weights;
}

function badWeight(expected: string, received: unknown): HarrierError {
  return new HarrierError('bad-option', 'class weight', {
    expected,
    received: typeof received === 'number' ? `${received}` : JSON.stringify(received),
  });
}
