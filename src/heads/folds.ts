import { random } from '../data/random.ts';
import { strataOf } from '../data/tags.ts';
import type { HeadData } from './head-data.ts';

/** Images divided for cross-validation: each is held out once, where its class can spare it. */
export interface Folds {
  readonly count: number;
  /** Which fold holds an image out; −1 for one that is always trained on. */
  readonly foldOf: Int8Array;
}

/** Parts that images are divided into, where every class has as many. */
export const FOLDS = 5;

/**
 * Divides images into folds that hold about as many of every class (stratified) at random by `seed`. Images of a group,
 * and copies of an image, stay in one fold; the rarest class of a group counts as its own. A group that alone has some
 * class is always trained on: held out, it would be judged by a head that has never seen that class. Of images with any
 * number of labels, the rarest counts as the class; those without any are one.
 *
 * @returns undefined where no class has two groups to tell settings apart by
 */
export function foldsOf(
  data: Pick<HeadData, 'labels' | 'tags' | 'classNames' | 'copies'>,
  seed: number,
): Folds | undefined {
  const { of: strata, counts } = strataOf(data);
  const groups = groupsOf(data, strata);
  const groupsWith = new Uint32Array(counts.length);
  for (const { classes } of groups) for (const each of classes) groupsWith[each]++;
  const dealt = Array.from(counts, (): Group[] => []);
  for (const group of groups) {
    const classes = [...group.classes];
    if (classes.some((each) => groupsWith[each] < 2)) continue;
    const rarest = [...group.strata].reduce((a, b) => (groupsWith[b] < groupsWith[a] ? b : a));
    dealt[rarest].push(group);
  }
  const most = Math.max(...dealt.map(({ length }) => length));
  if (most < 2) return undefined;
  const count = Math.min(FOLDS, most);
  const foldOf = new Int8Array(strata.length).fill(-1);
  const sizes = new Array<number>(count).fill(0);
  dealt.forEach((own, stratum) => {
    const order = random(seed, 'head-folds', stratum).permutation(own.length);
    // Dealt out in turn, beginning with the smallest fold: few images of many classes do not all go to the first.
    const turns = [...sizes.keys()].sort((a, b) => sizes[a] - sizes[b]);
    order.forEach((place, i) => {
      const fold = turns[i % count];
      const { images } = own[place];
      for (const image of images) foldOf[image] = fold;
      sizes[fold] += images.length;
    });
  });
  return { count, foldOf };
}

/** Images that stay together. */
interface Group {
  readonly images: number[];
  /** What its images are divided by: the classes of all, or the rarest label of each. */
  readonly strata: Set<number>;
  /** The same, and all other labels of its images. */
  readonly classes: Set<number>;
}

/** In the order of their first images. */
function groupsOf(
  { tags, classNames, copies }: Pick<HeadData, 'tags' | 'classNames' | 'copies'>,
  strata: ArrayLike<number>,
): Group[] {
  const groups = new Map<number, Group>();
  for (let image = 0; image < strata.length; image++) {
    const key = copies ? copies[image] : image;
    const group = groups.get(key) ?? { images: [], strata: new Set(), classes: new Set() };
    groups.set(key, group);
    group.images.push(image);
    group.strata.add(strata[image]);
    group.classes.add(strata[image]);
    classNames.forEach((_, label) => {
      if (tags?.[image * classNames.length + label]) group.classes.add(label);
    });
  }
  return [...groups.values()];
}
