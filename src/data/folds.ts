import { HarrierError } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import type { FolderRules } from './folder-rules.ts';
import { random } from './random.ts';
import { classesOf, imagesOfEach } from './tags.ts';

/** One fold of a cross-validation, as indices of images in rising order. */
export interface Fold {
  /** Images to train on. */
  readonly train: Uint32Array;
  /** Images to evaluate on: none of them, and none of their copies or groups, is trained on. */
  readonly heldOut: Uint32Array;
}

/** Images divided for a cross-validation. */
export interface Folding {
  readonly folds: readonly Fold[];
  /** The images that some fold holds out, in rising order: all, but for those of which a note tells. */
  readonly evaluated: Uint32Array;
  /** Sentences about images that no fold holds out. */
  readonly notes: readonly string[];
}

/**
 * Divides images into folds for a cross-validation. Each fold holds about the same fraction of every class
 * (stratified; of images with any number of labels, of every label), and images that belong together (`Dataset.copies`: copies, and groups) are in one fold. A class whose
 * images all belong together is always trained on and never held out: no other image could teach it.
 *
 * Images with times (`Dataset.times`) are divided by these: one part more than there are folds, the oldest first. A
 * fold is trained on all images that are older than those that it holds out, so the oldest part is never held out. Images
 * of one time are in one part.
 *
 * @param count folds, at least 2
 * @param rules below 3, as for runs of before: the order of the images divides those of one time
 * @throws HarrierError `bad-option` for fewer folds than 2, or more than there are groups of images; `bad-data` for too few
 *   groups for any folds, or where large groups, or images of one time, leave a fold empty
 */
export function foldsOf(
  dataset: Pick<Dataset, 'name' | 'size' | 'labels' | 'tags' | 'classNames' | 'copies' | 'times'>,
  count: number,
  seed: number,
  rules: FolderRules = 4,
): Folding {
  const groups = groupsOf(dataset);
  const parts = dataset.times ? count + 1 : count;
  const least = dataset.times ? 3 : 2;
  if (groups.length < least) {
    throw new HarrierError('bad-data', 'these images cannot be divided into folds', {
      where: dataset.name,
      expected: `${least} groups of images or more: copies, and images of one group, stay in one fold`,
      received: `${groups.length}`,
      next: 'Add images that differ, or of other groups.',
    });
  }
  if (!(Number.isInteger(count) && count >= 2) || parts > groups.length) {
    throw new HarrierError('bad-option', 'these images cannot be divided into so many folds', {
      where: dataset.name,
      expected: `2 to ${groups.length - (dataset.times ? 1 : 0)} folds: images that belong together stay in one`,
      received: `${count}`,
      next: 'Take fewer folds, or add images.',
      options: ['folds'],
    });
  }
  return dataset.times
    ? foldsByTime(groups, dataset.times, count, rules)
    : stratifiedFolds(dataset, groups, count, seed);
}

type Group = readonly number[];

/** Images that belong together, in the order of their first. */
function groupsOf({ size, copies }: Pick<Dataset, 'size' | 'copies'>): Group[] {
  const groups = new Map<number, number[]>();
  for (let image = 0; image < size; image++) {
    const key = copies ? copies[image] : image;
    const members = groups.get(key);
    if (members) members.push(image);
    else groups.set(key, [image]);
  }
  return [...groups.values()];
}

function stratifiedFolds(
  dataset: Pick<Dataset, 'labels' | 'tags' | 'classNames' | 'size'>,
  groups: readonly Group[],
  count: number,
  seed: number,
): Folding {
  const { classNames, size } = dataset;
  const counts = imagesOfEach(dataset);
  const perGroup = groups.map((group) => countsIn(group, dataset));
  const groupsWith = new Uint32Array(classNames.length);
  for (const own of perGroup) for (const label of own.keys()) groupsWith[label]++;
  const alone = classNames.flatMap((_, label) => (groupsWith[label] === 1 ? [label] : []));
  const foldOf = new Int32Array(size).fill(-1);
  const held = Array.from({ length: count }, () => new Float64Array(classNames.length));
  const sizes = new Float64Array(count);
  // Large groups first: small ones then fill what they left uneven. Chance decides among equals.
  const order = [...random(seed, 'folds').permutation(groups.length)].sort(
    (a, b) => groups[b].length - groups[a].length,
  );
  for (const place of order) {
    const own = perGroup[place];
    if (alone.some((label) => own.has(label))) continue;
    const fold = emptiest(own, counts, held, sizes);
    for (const image of groups[place]) foldOf[image] = fold;
    for (const [label, images] of own) held[fold][label] += images;
    sizes[fold] += groups[place].length;
  }
  const folds = Array.from({ length: count }, (_, fold) => ({
    train: indicesWhere(size, (image) => foldOf[image] !== fold),
    heldOut: indicesWhere(size, (image) => foldOf[image] === fold),
  }));
  return {
    folds: checked(folds, {
      summary: 'a fold has no images: the groups are too few or too large',
      next: 'Take fewer folds, or smaller groups.',
    }),
    evaluated: indicesWhere(size, (image) => foldOf[image] >= 0),
    notes: aloneNotes(alone, classNames, indicesWhere(size, (image) => foldOf[image] < 0).length),
  };
}

/**
 * The fold in which a group makes the classes least uneven: the sum over folds and classes of the squared fraction of the
 * class in the fold grows least there. Of equal ones the fold with the fewest images.
 */
function emptiest(
  own: ReadonlyMap<number, number>,
  counts: Uint32Array,
  held: readonly Float64Array[],
  sizes: Float64Array,
): number {
  const growth = held.map((fold) =>
    [...own].reduce((sum, [label, images]) => sum + (fold[label] * images) / counts[label] ** 2, 0),
  );
  return [...growth.keys()].reduce((best, fold) => {
    const difference = growth[fold] - growth[best];
    if (Math.abs(difference) > 1e-12) return difference < 0 ? fold : best;
    return sizes[fold] < sizes[best] ? fold : best;
  });
}

function foldsByTime(
  groups: readonly Group[],
  times: Float64Array,
  count: number,
  rules: FolderRules,
): Folding {
  // A group is as new as its newest image.
  const newest = (group: Group) =>
    group.reduce((last, image) => Math.max(last, times[image]), Number.NEGATIVE_INFINITY);
  const ordered = groups
    .map((group) => ({ group, time: newest(group) }))
    .sort((a, b) => a.time - b.time || a.group[0] - b.group[0]);
  const blocks: { images: number[]; time: number }[] = [];
  for (const { group, time } of ordered) {
    const last = blocks.at(-1);
    if (rules >= 3 && last?.time === time) last.images.push(...group);
    else blocks.push({ images: [...group], time });
  }
  const partOf = new Int32Array(times.length);
  let before = 0;
  for (const { images } of blocks) {
    // By the middle of a block: each part then has about as many images.
    const part = Math.floor(((before + images.length / 2) * (count + 1)) / times.length);
    for (const image of images) partOf[image] = Math.min(count, part);
    before += images.length;
  }
  const size = times.length;
  const folds = Array.from({ length: count }, (_, fold) => ({
    train: indicesWhere(size, (image) => partOf[image] <= fold),
    heldOut: indicesWhere(size, (image) => partOf[image] === fold + 1),
  }));
  const first = indicesWhere(size, (image) => partOf[image] === 0).length;
  return {
    folds: checked(folds, {
      summary: 'a fold has no images: too many are of one time, or in groups that go on to its end',
      next: 'Take fewer folds, or give more exact times or smaller groups.',
    }),
    evaluated: indicesWhere(size, (image) => partOf[image] > 0),
    notes: [
      `Folds go by time: the oldest ${imagesText(first)} are trained on in each fold, and in none evaluated.`,
    ],
  };
}

/** @throws HarrierError `bad-data` where a few large groups leave a fold without images on one side */
function checked(
  folds: readonly Fold[],
  { summary, next }: { readonly summary: string; readonly next: string },
): readonly Fold[] {
  const empty = folds.find(({ train, heldOut }) => train.length === 0 || heldOut.length === 0);
  if (!empty) return folds;
  throw new HarrierError('bad-data', summary, {
    expected: 'images to train on and to evaluate on in each fold',
    next,
    options: ['folds'],
  });
}

function aloneNotes(alone: readonly number[], classNames: readonly string[], images: number): string[] {
  if (alone.length === 0) return [];
  const names = alone.slice(0, 5).map((label) => `"${classNames[label]}"`);
  if (alone.length > 5) names.push('others');
  return [
    `${names.join(', ')} ${alone.length === 1 ? 'has' : 'have'} one image, or images of one group: ${imagesText(images)} ${images === 1 ? 'is' : 'are'} trained on in every fold, and not evaluated.`,
  ];
}

function imagesText(count: number): string {
  return count === 1 ? '1 image' : `${count} images`;
}

function countsIn(
  group: Group,
  dataset: Pick<Dataset, 'labels' | 'tags' | 'classNames'>,
): Map<number, number> {
  const counts = new Map<number, number>();
  for (const image of group) {
    for (const label of classesOf(dataset, image)) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}

function indicesWhere(size: number, fits: (image: number) => boolean): Uint32Array {
  const indices: number[] = [];
  for (let image = 0; image < size; image++) if (fits(image)) indices.push(image);
  return Uint32Array.from(indices);
}
