import { unknownName } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { ascii, littleEndian16 } from './hash.ts';
import { sha256 } from './sha256.ts';

/**
 * A data set with a model's classes in place of its own, which may be fewer and in another order. Names that differ in
 * Unicode's form alone are the same class. The hash is of the new labels and classes; a data set that has the model's
 * classes already is returned as it is.
 *
 * @throws HarrierError `bad-option` for a class that the model does not know
 */
export function relabelled(dataset: Dataset, classNames: readonly string[]): Dataset {
  const composed = classNames.map((name) => name.normalize('NFC'));
  const places = dataset.classNames.map((name) => composed.indexOf(name.normalize('NFC')));
  const stranger = places.indexOf(-1);
  if (stranger >= 0) throw unknownName('class for this model', dataset.classNames[stranger], classNames);
  const isSame = classNames.every((name, i) => name === dataset.classNames[i]);
  if (isSame && places.length === classNames.length) return dataset;
  const tags = dataset.tags && movedTags(dataset.tags, places, classNames.length);
  return withLabels(
    dataset,
    { classNames, labels: dataset.labels.map((label) => places[label]), ...(tags && { tags }) },
    `harrier-relabelled-2 ${dataset.hash} ${JSON.stringify(classNames)}\n`,
  );
}

/** Multi-hot rows with each class in its new place. */
function movedTags(tags: Uint8Array, places: readonly number[], classes: number): Uint8Array {
  const moved = new Uint8Array((tags.length / places.length) * classes);
  tags.forEach((tag, i) => {
    const image = Math.floor(i / places.length);
    moved[image * classes + places[i % places.length]] = tag;
  });
  return moved;
}

/**
 * The same images with other labels, and perhaps under another name or with other classes.
 * @param salt what the hash is of, besides the labels
 */
export function withLabels(
  dataset: Dataset,
  { labels, tags = dataset.tags, name = dataset.name, classNames = dataset.classNames }: Relabelling,
  salt: string,
): Dataset {
  const { imageShape, size, pixelSource, copies, times } = dataset;
  let hash: string | undefined;
  return {
    name,
    classNames,
    imageShape,
    size,
    labels,
    ...(tags && { tags }),
    pixelSource,
    ...(copies && { copies }),
    ...(times && { times }),
    get hash() {
      const header = sha256().update(ascii(salt)).update(littleEndian16(labels));
      hash ??= (tags ? header.update(tags) : header).digest();
      return hash;
    },
    gather: (indices, out) => dataset.gather(indices, out),
    describe: (index) => dataset.describe(index),
    ...(dataset.file && { file: (index: number) => dataset.file!(index) }),
  };
}

interface Relabelling
  extends Pick<Dataset, 'labels'>,
    Partial<Pick<Dataset, 'tags' | 'name' | 'classNames'>> {}
