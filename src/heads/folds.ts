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
 * Divides images into folds that hold about as many of every class (stratified) at random by `seed`. Copies of an image
 * stay in one fold. The only image of a class is always trained on, as is one whose copies are all that its class has.
 * Of images with any number of labels, the rarest counts as the class; those without any are one.
 *
 * @returns undefined where no class has two images to tell settings apart by
 */
export function foldsOf(
  data: Pick<HeadData, 'labels' | 'tags' | 'classNames' | 'copies'>,
  seed: number,
): Folds | undefined {
  const { copies } = data;
  const { of: labels, counts } = strataOf(data);
  const groups = Array.from(counts, () => new Map<number, number[]>());
  const homes = new Map<number, number>();
  for (let image = 0; image < labels.length; image++) {
    const label = labels[image];
    // Copies with another label are one more reason to keep all of them on one side: the first label's group takes them.
    const group = copies ? copies[image] : image;
    const home = homes.get(group) ?? label;
    homes.set(group, home);
    const members = groups[home].get(group);
    if (members) members.push(image);
    else groups[home].set(group, [image]);
  }
  const most = Math.max(...groups.map(({ size }) => size));
  if (most < 2) return undefined;
  const count = Math.min(FOLDS, most);
  const foldOf = new Int8Array(labels.length).fill(-1);
  const sizes = new Array<number>(count).fill(0);
  groups.forEach((own, label) => {
    const members = [...own.values()];
    if (members.length < 2 || counts[label] < 2) return;
    const order = random(seed, 'head-folds', label).permutation(members.length);
    // Dealt out in turn, beginning with the smallest fold: few images of many classes do not all go to the first.
    const turns = [...sizes.keys()].sort((a, b) => sizes[a] - sizes[b]);
    order.forEach((place, i) => {
      const fold = turns[i % count];
      for (const image of members[place]) foldOf[image] = fold;
      sizes[fold] += members[place].length;
    });
  });
  return { count, foldOf };
}
