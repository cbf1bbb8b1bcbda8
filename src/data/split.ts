import { HarrierError } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import type { FolderRules } from './folder-rules.ts';
import { random } from './random.ts';
import { subset } from './subset.ts';
import { type Strata, strataOf } from './tags.ts';

/** A data set in two parts: images to learn from, and images that choose the best epoch. */
export interface ValidationSplit {
  /** The images to train on. */
  readonly train: Dataset;
  /** The images set aside. */
  readonly validation: Dataset;
}

/**
 * Sets a fraction of the training images aside, so that early stopping and the choice of the best epoch do not use
 * test images. The fraction is taken of every class (stratified), at random by `seed`; the same seed always chooses
 * the same images. A class with at least two images keeps at least one and gives at least one, unless they are copies
 * of one another (`Dataset.copies`): copies stay on one side. A group that is larger than the rest of the fraction is left
 * for training; where all groups of a class are, its smallest is set aside. Of images with times (`Dataset.times`) the
 * newest of each class are set aside. Of images with any number of labels, the rarest counts as the class; those without any
 * are one.
 *
 * @param fraction to set aside, above 0 and below 1
 * @param rules below 4, as for runs of before: groups are set aside until the fraction is reached, however large the last
 *   one is; below 3, images without any label count as of the most frequent
 * @throws HarrierError `bad-option` for another fraction, `bad-data` when one side would be empty
 */
export function validationSplit(
  dataset: Dataset,
  fraction: number,
  seed: number,
  rules: FolderRules = 4,
): ValidationSplit {
  if (!(fraction > 0 && fraction < 1)) {
    throw new HarrierError('bad-option', 'this fraction cannot be used', {
      where: 'validation split',
      expected: 'a number above 0 and below 1',
      received: `${fraction}`,
    });
  }
  const setAside = new Uint8Array(dataset.size);
  const strata = strataOf(rules >= 3 ? dataset : { ...dataset, tags: undefined });
  const left = Uint32Array.from(strata.counts);
  const copiesOf = groupsOf(dataset);
  const times = dataset.times && newestOfGroups(dataset.times, copiesOf);
  const ofStratum = imagesByStratum(strata);
  const least = ofStratum.map(({ length }) => length - countOf(length, fraction));
  const one = least.map(() => 1);
  const setGroupAside = (group: readonly number[]) => {
    for (const image of group) {
      setAside[image] = 1;
      left[strata.of[image]]--;
    }
  };
  ofStratum.forEach((images, label) => {
    const order = times
      ? [...images.keys()].sort((a, b) => times[images[b]] - times[images[a]])
      : random(seed, 'validation-split', label).permutation(images.length);
    const groups = [...new Set(Array.from(order, (place) => copiesOf(images[place])))];
    for (const group of groups) {
      if (left[label] <= least[label]) break;
      if (!setAside[group[0]] && leaves(rules >= 4 ? least : one, strata, group, left)) setGroupAside(group);
    }
    if (rules < 4 || left[label] < images.length) return;
    const possible = groups.filter((group) => leaves(one, strata, group, left));
    // By time it is the newest of them that tells how the model will do later.
    if (!times) possible.sort((a, b) => a.length - b.length);
    if (possible.length > 0) setGroupAside(possible[0]);
  });
  const train: number[] = [];
  const validation: number[] = [];
  setAside.forEach((aside, index) => {
    (aside ? validation : train).push(index);
  });
  if (train.length === 0 || validation.length === 0) {
    throw new HarrierError('bad-data', 'there are too few images for a validation split', {
      where: dataset.name,
      expected: 'at least 2 images of one class that are not copies of each other',
      received: `${dataset.size} in all`,
    });
  }
  return {
    train: subset(dataset, train, `${dataset.name} without validation`),
    validation: subset(dataset, validation, `${dataset.name}, validation`),
  };
}

function countOf(count: number, fraction: number): number {
  if (count < 2) return 0;
  return Math.min(count - 1, Math.max(1, Math.round(count * fraction)));
}

/** For each image the newest time of its group. */
function newestOfGroups(times: Float64Array, copiesOf: (image: number) => readonly number[]): Float64Array {
  const newest = new Float64Array(times.length).fill(Number.NaN);
  for (const image of times.keys()) {
    if (!Number.isNaN(newest[image])) continue;
    const group = copiesOf(image);
    const time = group.reduce((last, copy) => Math.max(last, times[copy]), Number.NEGATIVE_INFINITY);
    for (const copy of group) newest[copy] = time;
  }
  return newest;
}

/** Each image's copies, itself included. */
function groupsOf({ copies }: Dataset): (image: number) => readonly number[] {
  if (!copies) return (image) => [image];
  const groups = new Map<number, number[]>();
  copies.forEach((group, image) => {
    const members = groups.get(group);
    if (members) members.push(image);
    else groups.set(group, [image]);
  });
  return (image) => groups.get(copies[image])!;
}

/** Whether as many images of every stratum are left for training without this group. */
function leaves(
  least: readonly number[],
  { of }: Strata,
  group: readonly number[],
  left: Uint32Array,
): boolean {
  if (group.length === 1) return left[of[group[0]]] > least[of[group[0]]];
  const gone = new Map<number, number>();
  for (const image of group) gone.set(of[image], (gone.get(of[image]) ?? 0) + 1);
  return [...gone].every(([stratum, count]) => left[stratum] - count >= least[stratum]);
}

function imagesByStratum({ of, counts }: Strata): number[][] {
  const images: number[][] = Array.from(counts, () => []);
  for (let index = 0; index < of.length; index++) images[of[index]].push(index);
  return images;
}
