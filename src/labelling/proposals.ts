import { accuracyInterval } from '../evaluation/cross-validation.ts';
import { fitHead } from '../heads/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { rowsOf } from './rows.ts';

/** Features with labels: float32 `[images, size]`. */
export interface LabelledFeatures {
  readonly features: Float32Array;
  /** Class index of every image. */
  readonly labels: ArrayLike<number>;
  /** Where every image lies, if that is known. */
  readonly files?: readonly string[];
  /** Images with the same number are copies: the estimate holds them out together. */
  readonly copies?: ArrayLike<number>;
}

/** Of fewer images a class on average, the means alone are learned: there is too little to fit more. */
const FEW = 5;

/** A head that proposes classes. */
export interface ProposingHead {
  /** What it says of features, float32 `[images, size]`: probabilities, float32 `[images, classes]`. */
  readonly probabilities: (features: Float32Array) => Float32Array;
  /**
   * Of the confirmed images, each by a head that was fitted neither on it nor on a copy of it. Absent where there are too
   * few.
   */
  readonly heldOut?: ProposalEstimate;
}

/** How often a head is right about images that it was not fitted on. */
export interface ProposalEstimate {
  readonly images: number;
  readonly right: number;
  /** 95% interval of the fraction (Wilson), wider where there are copies. */
  readonly interval: readonly [number, number];
}

/** @param copies images with the same number are copies */
export function estimateOf(right: readonly boolean[], copies?: readonly number[]): ProposalEstimate {
  return {
    images: right.length,
    right: right.filter(Boolean).length,
    interval: accuracyInterval(right, copies),
  };
}

/** What is proposed for an image: the classes, the most probable first. */
export function bestOf(
  probabilities: Float32Array,
  classes: number,
  image: number,
): { label: number; probability: number }[] {
  return Array.from(probabilities.subarray(image * classes, (image + 1) * classes), (probability, label) => ({
    label,
    probability,
  })).sort((a, b) => b.probability - a.probability);
}

/**
 * Fits a head on the images whose labels are confirmed, and on those of the training before, where there are any.
 * Classes without an image get the probability 0. An image that is in both, by its file, counts as confirmed alone: it
 * would be held out and learned from at once.
 *
 * @param classes how many there are
 * @returns undefined while fewer than two classes have images
 * @throws HarrierError as `fitHead` does
 */
export async function fitProposals(
  runtime: Runtime,
  confirmed: LabelledFeatures,
  {
    size,
    classes,
    training: before,
  }: { readonly size: number; readonly classes: number; readonly training?: LabelledFeatures },
): Promise<ProposingHead | undefined> {
  const training = before && othersThan(confirmed, before, size);
  const all = [...Array.from(confirmed.labels), ...Array.from(training?.labels ?? [])];
  const present = [...new Set(all)].sort((a, b) => a - b);
  if (present.length < 2) return undefined;
  const features = new Float32Array(all.length * size);
  features.set(confirmed.features);
  if (training) features.set(training.features, confirmed.features.length);
  const head = await fitHead(
    runtime,
    {
      name: 'the confirmed images',
      views: [features],
      size,
      labels: Uint16Array.from(all, (label) => present.indexOf(label)),
      classNames: present.map(String),
      ...(confirmed.copies && { copies: alone(confirmed.copies, all.length) }),
    },
    { kind: all.length < FEW * present.length ? 'centroid' : 'linear', seed: 1 },
  );
  const heldOut = head.heldOut && counted(head.heldOut, present, confirmed);
  return {
    probabilities: (rows) => spread(head.probabilities(rows), present, classes),
    ...(heldOut && { heldOut }),
  };
}

function othersThan(
  { files: known = [] }: LabelledFeatures,
  { features, labels, files = [] }: LabelledFeatures,
  size: number,
): LabelledFeatures {
  const own = new Set(known);
  const left = Array.from(labels, (_, image) => image).filter((image) => !own.has(files[image] ?? ''));
  return { features: rowsOf(features, size, left), labels: left.map((image) => labels[image]) };
}

/** Probabilities of some classes as those of all. */
function spread(rows: Float32Array, present: readonly number[], classes: number): Float32Array {
  const images = rows.length / present.length;
  const all = new Float32Array(images * classes);
  for (let image = 0; image < images; image++) {
    present.forEach((label, i) => {
      all[image * classes + label] = rows[image * present.length + i];
    });
  }
  return all;
}

/** Numbers of copies, for images behind them too, which have none. */
function alone(copies: ArrayLike<number>, images: number): Uint32Array {
  const most = Array.from(copies).reduce((a, b) => Math.max(a, b), 0);
  return Uint32Array.from({ length: images }, (_, image) => copies[image] ?? most + 1 + image);
}

function counted(
  probabilities: Float32Array,
  present: readonly number[],
  { labels, copies }: LabelledFeatures,
): ProposalEstimate | undefined {
  const held = Array.from(labels, (_, image) => image).filter(
    (image) => !Number.isNaN(probabilities[image * present.length]),
  );
  if (held.length === 0) return undefined;
  const right = held.map((image) => {
    const row = probabilities.subarray(image * present.length, (image + 1) * present.length);
    return present[row.indexOf(Math.max(...row))] === labels[image];
  });
  return estimateOf(right, copies && held.map((image) => copies[image]));
}
