import { unknownName } from '../errors.ts';
import type { Dataset } from './dataset.ts';

/**
 * A data set with a model's classes in place of its own, which may be fewer and in another order.
 * @throws HarrierError `bad-option` for a class that the model does not know
 */
export function relabelled(dataset: Dataset, classNames: readonly string[]): Dataset {
  const stranger = dataset.classNames.find((name) => !classNames.includes(name));
  if (stranger !== undefined) throw unknownName('class for this model', stranger, classNames);
  const places = dataset.classNames.map((name) => classNames.indexOf(name));
  if (places.length === classNames.length && places.every((place, i) => place === i)) return dataset;
  const { name, imageShape, size, hash } = dataset;
  return {
    name,
    imageShape,
    size,
    hash,
    classNames,
    labels: dataset.labels.map((label) => places[label]),
    gather: (indices, out) => dataset.gather(indices, out),
    describe: (index) => dataset.describe(index),
  };
}
