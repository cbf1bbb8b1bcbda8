import type { Dataset } from './dataset.ts';

/** Images whose labels may be several. */
type Tagged = Pick<Dataset, 'labels' | 'tags' | 'classNames'>;

/** Number of images that show each class: of several labels, each counts. */
export function imagesOfEach({ labels, tags, classNames }: Tagged): Uint32Array {
  const counts = new Uint32Array(classNames.length);
  if (!tags) for (const label of labels) counts[label]++;
  else for (let i = 0; i < tags.length; i++) counts[i % counts.length] += tags[i];
  return counts;
}

/** The classes of an image: its one class, or its labels in the order of the class names. */
export function classesOf({ labels, tags, classNames }: Tagged, index: number): number[] {
  if (!tags) return [labels[index]];
  const start = index * classNames.length;
  return [...classNames.keys()].filter((label) => tags[start + label] === 1);
}

/** The classes of an image by name, as lists of images have them: `cat;dog`. */
export function classText(dataset: Tagged, index: number): string {
  return classesOf(dataset, index)
    .map((label) => dataset.classNames[label])
    .join(';');
}

/** Multi-hot rows of some images: uint8 `[indices.length, classes]`. */
export function pickTags(tags: Uint8Array, classes: number, indices: ArrayLike<number>): Uint8Array {
  const picked = new Uint8Array(indices.length * classes);
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i] * classes;
    picked.set(tags.subarray(start, start + classes), i * classes);
  }
  return picked;
}

/**
 * The rarest tag of each image, which splits are stratified by: what few images show is then divided first (K. Sechidis,
 * G. Tsoumakas, I. Vlahavas, "On the Stratification of Multi-Label Data", 2011). An image without tags counts as one of
 * the most frequent, where it disturbs least.
 *
 * @param tags uint8 `[images, classes]`
 */
export function rarestTags(tags: Uint8Array, classes: number): Uint16Array {
  const counts = new Uint32Array(classes);
  for (let i = 0; i < tags.length; i++) counts[i % classes] += tags[i];
  const rarestFirst = [...counts.keys()].sort((a, b) => counts[a] - counts[b] || a - b);
  const last = rarestFirst[classes - 1];
  return Uint16Array.from(
    { length: tags.length / classes },
    (_, image) => rarestFirst.find((label) => tags[image * classes + label] === 1) ?? last,
  );
}

/** Groups of images that a split divides alike. */
export interface Strata {
  /** The stratum of each image. */
  readonly of: ArrayLike<number>;
  /** Images of each stratum. */
  readonly counts: Uint32Array;
}

/**
 * What splits are stratified by: the classes of images, or their rarest tags. Images without any tag are a stratum of
 * their own, after the others: by their label they would hide the few that have the most frequent tag.
 */
export function strataOf({ labels, tags, classNames }: Tagged): Strata {
  const classes = classNames.length;
  const of = Uint32Array.from(labels, (label, image) =>
    tags && tags[image * classes + label] === 0 ? classes : label,
  );
  const counts = new Uint32Array(classes + Number(of.includes(classes)));
  for (const stratum of of) counts[stratum]++;
  return { of, counts };
}
