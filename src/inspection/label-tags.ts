import { imagesOfEach, pickTags } from '../data/tags.ts';
import { accuracyInterval } from '../evaluation/cross-validation.ts';
import { evaluateLabels, isRightInAll, type MultiLabelEvaluation } from '../evaluation/multi-label.ts';
import type { Predictions } from '../evaluation/predictions.ts';
import type { HeadData } from '../heads/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { type CrossValidated, fittedWithout, MARGIN, NOISY, secondLook } from './cross-validation.ts';
import { confidentLearning } from './label-issues.ts';

/** A label that an image probably lacks in the data, or has there and should not have. */
export interface TagIssue {
  /** Its place in the list of images. */
  readonly image: number;
  readonly tag: number;
  /** Whether the data leaves it out; else it has it. */
  readonly isMissing: boolean;
  /** Probability that the data is wrong, by a head that was not fitted on the image. */
  readonly probability: number;
}

/** What cross-validation says of images with any number of labels. */
export interface TagFindings {
  /** The most certain first. */
  readonly issues: readonly TagIssue[];
  /** Fraction of all decisions on a label of an image that the data has wrong. */
  readonly noise: number;
  readonly scores: MultiLabelEvaluation;
  /** Images whose labels all came out right. */
  readonly correct: number;
  readonly total: number;
  readonly interval95: readonly [number, number];
}

/**
 * What heads say of images with any number of labels that they were not fitted on, at thresholds of one half, and the
 * labels that are probably wrong: confident learning (`confidentLearning`) of each label against its absence. Where many
 * are wrong, heads are fitted anew without their images, as for images of one class (`labelIssues`).
 */
export async function tagFindings(
  runtime: Runtime,
  data: TaggedData,
  validated: CrossValidated,
  seed: number,
  onProgress: (done: number, total: number) => void,
): Promise<TagFindings> {
  const first = findingsOf(data, validated.probabilities);
  const { out, kept, areEnough } = secondLook(first.issues, data);
  const left = imagesOfEach({ ...data, tags: pickTags(data.tags, data.classNames.length, kept) });
  if (first.noise < NOISY || !areEnough || left.some((count) => count === 0)) return first;
  const again = await fittedWithout({ out, kept }, runtime, data, seed, onProgress);
  if (!again) return first;
  const { issues, noise } = findingsOf(data, again);
  return { ...first, noise, issues: issues.filter(({ probability }) => 2 * probability - 1 >= MARGIN) };
}

/** Features of images, with any number of labels each. */
export type TaggedData = HeadData & { readonly tags: Uint8Array };

function findingsOf(
  { tags, labels, classNames, copies }: TaggedData,
  probabilities: Float32Array,
): TagFindings {
  const classes = classNames.length;
  const held = [...labels.keys()].filter((image) => Number.isFinite(probabilities[image * classes]));
  const rowsOf = <T extends Float32Array | Uint8Array>(all: T, into: T): T => {
    held.forEach((image, i) => {
      into.set(all.subarray(image * classes, (image + 1) * classes), i * classes);
    });
    return into;
  };
  const predictions: Predictions = {
    probabilities: rowsOf(probabilities, new Float32Array(held.length * classes)),
    tags: rowsOf(tags, new Uint8Array(held.length * classes)),
    labels: held.map((image) => labels[image]),
    classNames,
  };
  const found = classNames.map((_, tag) => {
    const two = new Float32Array(2 * held.length);
    held.forEach((image, i) => {
      const has = probabilities[image * classes + tag];
      two.set([1 - has, has], 2 * i);
    });
    const own = held.map((image) => tags[image * classes + tag]);
    // Where all images have it, or none has, nothing tells it from its absence.
    if (new Set(own).size < 2) return { issues: [], noise: 0 };
    const { issues, noise } = confidentLearning(two, own, 2);
    return {
      noise,
      issues: issues.map(({ image, label, probability }) => ({
        image: held[image],
        tag,
        isMissing: label === 0,
        probability,
      })),
    };
  });
  const right = held.map((_, image) => isRightInAll(predictions, image));
  return {
    issues: found.flatMap(({ issues }) => issues).sort((a, b) => b.probability - a.probability),
    noise: found.reduce((sum, { noise }) => sum + noise, 0) / classes,
    scores: evaluateLabels(predictions),
    correct: right.filter(Boolean).length,
    total: held.length,
    interval95: accuracyInterval(right, copies && held.map((image) => copies[image])),
  };
}
