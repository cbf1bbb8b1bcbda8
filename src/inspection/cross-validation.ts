import { pickTags } from '../data/tags.ts';
import { softmax } from '../evaluation/softmax.ts';
import { crossValidateLinear, fitHead, type HeadData } from '../heads/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { confidentLearning, type LabelIssues } from './label-issues.ts';

/** What heads say of images that they were not fitted on. */
export interface CrossValidated {
  readonly folds: number;
  /** Inverse of the strength of regularisation. */
  readonly c: number;
  /** float32 `[images, classes]`; rows of NaN where an image was never held out. */
  readonly probabilities: Float32Array;
}

/** Undefined where no image can be held out. */
export async function crossValidated(
  runtime: Runtime,
  data: HeadData,
  seed: number,
  onProgress: (done: number, total: number) => void,
): Promise<CrossValidated | undefined> {
  const found = await crossValidateLinear(runtime, data, { seed, onProgress });
  if (!found) return undefined;
  const classes = data.classNames.length;
  const probabilities = new Float32Array(found.heldOut.length);
  for (let start = 0; start < probabilities.length; start += classes) {
    const scores = found.heldOut.subarray(start, start + classes);
    probabilities.set(data.tags ? scores.map((score) => 1 / (1 + Math.exp(-score))) : softmax(scores), start);
  }
  return { folds: found.folds, c: found.c, probabilities };
}

/** From this fraction of wrong labels on, heads that were fitted on them are worth fitting anew. */
export const NOISY = 0.03;
/** How much more probable the suggested class must be by a head that was fitted without the issues. */
export const MARGIN = 0.5;

/** Images of which fewer are left are not enough to look again with. */
const LEAST_LEFT = 0.5;

/**
 * Labels that are probably wrong. Where there are many, those found first are left out with their copies and groups, heads
 * are fitted on the others, and all labels are looked at again: heads that have not learned wrong labels find more of them.
 */
export async function labelIssues(
  runtime: Runtime,
  data: HeadData,
  { probabilities }: CrossValidated,
  seed: number,
  onProgress: (done: number, total: number) => void,
): Promise<LabelIssues> {
  const { labels, classNames } = data;
  const classes = classNames.length;
  const first = confidentLearning(probabilities, labels, classes);
  const { out, kept, areEnough } = secondLook(first.issues, data);
  const left = new Set(kept.map((image) => labels[image]));
  if (first.noise < NOISY || !areEnough || left.size < classes) return first;
  const again = await fittedWithout({ out, kept }, runtime, data, seed, onProgress);
  if (!again) return first;
  const second = confidentLearning(again, labels, classes);
  return {
    ...second,
    issues: second.issues.filter(
      ({ probability, labelProbability }) => probability - labelProbability >= MARGIN,
    ),
  };
}

/** What a second look at labels leaves out: images with issues, and those that belong together with one. */
export function secondLook(
  issues: readonly { readonly image: number }[],
  { labels, copies }: Pick<HeadData, 'labels' | 'copies'>,
) {
  const groupOf = (image: number) => (copies ? copies[image] : image);
  const groups = new Set(issues.map(({ image }) => groupOf(image)));
  const all = [...labels.keys()];
  const kept = all.filter((image) => !groups.has(groupOf(image)));
  return {
    out: all.filter((image) => groups.has(groupOf(image))),
    kept,
    areEnough: kept.length >= LEAST_LEFT * all.length,
  };
}

/**
 * What heads say of images that they were not fitted on, where none was fitted on some of the images.
 * @param images those that are left out, and all others
 * @returns float32 `[images, classes]`; undefined where no image can be held out
 */
export async function fittedWithout(
  { out, kept }: { readonly out: readonly number[]; readonly kept: readonly number[] },
  runtime: Runtime,
  data: HeadData,
  seed: number,
  onProgress: (done: number, total: number) => void,
): Promise<Float32Array | undefined> {
  const { labels, tags, classNames, size, views } = data;
  const classes = classNames.length;
  const rows = new Float32Array(kept.length * size);
  for (const [i, image] of kept.entries()) {
    rows.set(views[0].subarray(image * size, (image + 1) * size), i * size);
  }
  const head = await fitHead(
    runtime,
    {
      ...data,
      views: [rows],
      labels: Uint16Array.from(kept, (image) => labels[image]),
      ...(tags && { tags: pickTags(tags, classes, kept) }),
      ...(data.copies && { copies: Uint32Array.from(kept, (image) => data.copies![image]) }),
    },
    { kind: 'linear', seed, onProgress },
  );
  if (!head.heldOut) return undefined;
  const again = new Float32Array(labels.length * classes);
  for (const [i, image] of kept.entries()) {
    again.set(head.heldOut.subarray(i * classes, (i + 1) * classes), image * classes);
  }
  for (const image of out) {
    again.set(head.probabilities(views[0].subarray(image * size, (image + 1) * size)), image * classes);
  }
  return again;
}
