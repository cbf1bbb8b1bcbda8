import { Backbone, imageFeatures } from '../backbones/index.ts';
import { type Dataset, imageBytes } from '../data/dataset.ts';
import { STRETCHED } from '../data/preprocessing.ts';
import type { OnProgress } from '../data/progress.ts';
import { sha256 as ownSha256 } from '../data/sha256.ts';
import { firstImages } from '../data/subset.ts';
import { coverageRank, type Predictions, withTemperature } from '../evaluation/index.ts';
import { distancesTo, heldOutDistances, knownDirections } from '../heads/index.ts';
import {
  DISTANCE,
  featureLayer,
  foreignness,
  type Rejection,
  type Weights,
  withoutHead,
} from '../models/index.ts';
import type { Model } from '../onnx/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { checkEnough } from './check-reject.ts';
import type { HeadFit } from './fit-head.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunPlatform } from './run-platform.ts';

/** Images whose features make the class means, at most. */
const MOST_IMAGES = 10_000;
/** Images that go through a model together. */
const BATCH = 64;
/** The quantile that a measure's step goes to. */
const HIGH = 0.95;

/** What is measured on known images that a model was not fitted on. */
export interface HeldOutMeasures {
  /** 1 − the largest cosine between an image's features and a class mean. */
  readonly distances: ArrayLike<number>;
  /** 1 − the largest probability. */
  readonly doubts: ArrayLike<number>;
}

/**
 * The threshold from which an image is unknown, so that at least a fraction of known images is kept: with 90%
 * confidence, for new images of the same kind (`coverageRank`).
 *
 * @param means directions of the class means, `[size, classes]`
 * @throws HarrierError `bad-data` when there are too few images for that fraction
 */
export function fitRejection(
  { distances, doubts }: HeldOutMeasures,
  { layer, means, keep }: Pick<Rejection, 'layer' | 'means' | 'keep'>,
): Rejection {
  const images = distances.length;
  checkEnough(images, keep);
  const usual = { distance: usualOf(distances), doubt: usualOf(doubts) };
  const scores = Float64Array.from(distances, (distance, i) =>
    foreignness(distance, doubts[i], usual),
  ).sort();
  return { layer, means, ...usual, threshold: scores[coverageRank(images, keep) - 1], keep, images };
}

/** What a run brings to its rejection. */
export interface RejectSources {
  readonly run: PreparedRun;
  readonly weights: Weights;
  /** Where the head was fitted on features that are at hand. */
  readonly head?: Pick<HeadFit, 'features' | 'predict' | 'heldOut'>;
  /** The temperature of its probabilities. */
  readonly temperature: number;
  /** Exports the model with another output: the distance. */
  readonly measuring: (layer: string, means: Float32Array) => Model;
  readonly platform: Pick<RunPlatform, 'sha256'>;
  readonly onProgress?: OnProgress;
}

/**
 * Learns to tell images that show none of the classes: the class means from the training images, the threshold from the
 * validation images, or from the training images by cross-validation.
 *
 * After Y. Sun, Y. Ming, X. Zhu, Y. Li, "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022: cosines
 * between normalised features, here to class means.
 *
 * @throws HarrierError `bad-data` when there are too few images
 */
export async function rejectRun(sources: RejectSources): Promise<Rejection> {
  const { run, head, weights, temperature, measuring, onProgress } = sources;
  const { options, network, train, validation, runtime } = run;
  const keep = options.reject!;
  const layer = featureLayer({ network, weights }, options.head === 'mlp');
  if (!head) {
    const known = firstImages(train, MOST_IMAGES);
    const { rows, size } = await trainedFeatures(sources, known);
    const means = knownDirections(rows, { ...known, size });
    const held = await measuredBy(runtime, measuring(layer, means), validation!, onProgress);
    return fitRejection(held, { layer, means, keep });
  }
  const rows = await head.features(train, `features of ${train.name}`);
  const data = { ...labelsOf(train), size: rows.length / train.size };
  const means = knownDirections(rows, data);
  if (validation) {
    const distances = distancesTo(means, await head.features(validation, 'validating'), data.size);
    const said = await head.predict(validation, 'validating');
    const doubts = doubtsOf(said, temperature);
    return fitRejection({ distances, doubts }, { layer, means, keep });
  }
  const { images, distances } = heldOutDistances(rows, data, options.seed) ?? { images: [], distances: [] };
  const doubts = head.heldOut ? doubtsOf(head.heldOut, temperature) : [];
  // The same folds: an image without a distance has no probabilities either.
  if (images.length !== doubts.length) throw new Error('the folds of the head have changed');
  return fitRejection({ distances, doubts }, { layer, means, keep });
}

/**
 * How foreign images are, as the model says it from their features.
 * @param rows features of the images, `[images, size]`
 * @returns `[images]`, from 0 to 1
 */
export function unknownOf(
  rejection: Rejection,
  rows: Float32Array,
  { probabilities, labels, classNames }: Predictions,
): Float32Array {
  const distances = distancesTo(rejection.means, rows, rows.length / labels.length);
  const doubts = doubtsIn(probabilities, classNames.length);
  return Float32Array.from(distances, (distance, image) => {
    const score = foreignness(distance, doubts[image], rejection) - rejection.threshold;
    return 1 / (1 + Math.exp(-score));
  });
}

/** Features of a network whose layers were trained. */
async function trainedFeatures(
  {
    run: { network, runtime, options },
    weights,
    platform: { sha256 = ownSha256 },
    onProgress,
  }: RejectSources,
  images: Dataset,
): Promise<{ rows: Float32Array; size: number }> {
  const backbone = await Backbone.load(runtime, {
    name: network.name,
    hash: '',
    // A hidden layer belongs to the head.
    ...(options.head === 'mlp' ? withoutHead({ network, weights }) : { network, weights }),
    preprocessing: images.imageShape.preprocessing ?? STRETCHED,
  });
  try {
    const what = `features of ${images.name}`;
    return { rows: await imageFeatures(backbone, images, { sha256, onProgress, what }), size: backbone.size };
  } finally {
    await backbone.dispose();
  }
}

/** What a model with the output `distance` measures. */
async function measuredBy(
  runtime: Runtime,
  model: Model,
  images: Dataset,
  onProgress?: OnProgress,
): Promise<HeldOutMeasures> {
  const executable = await runtime.compile(model);
  const { height, width, channels } = images.imageShape;
  const distances: number[] = [];
  const doubts: number[] = [];
  try {
    for (let start = 0; start < images.size; start += BATCH) {
      const indices = Array.from({ length: Math.min(BATCH, images.size - start) }, (_, i) => start + i);
      const data = new Uint8Array(indices.length * imageBytes(images.imageShape));
      images.gather(indices, data);
      const dims = [indices.length, height, width, channels];
      const { probabilities, [DISTANCE]: distance } = await executable.step({
        image: { type: 'uint8', dims, data },
      });
      distances.push(...(distance.data as Float32Array));
      doubts.push(...doubtsIn(probabilities.data as Float32Array, images.classNames.length));
      const done = start + indices.length;
      onProgress?.({ what: 'finding the threshold', done, total: images.size, unit: 'images' });
    }
  } finally {
    await executable.dispose();
  }
  return { distances, doubts };
}

function doubtsOf(predictions: Predictions, temperature: number): number[] {
  const { probabilities, classNames } =
    temperature === 1 ? predictions : withTemperature(predictions, temperature);
  return doubtsIn(probabilities, classNames.length);
}

function doubtsIn(probabilities: Float32Array, classes: number): number[] {
  return Array.from(
    { length: probabilities.length / classes },
    (_, image) => 1 - Math.max(...probabilities.subarray(image * classes, (image + 1) * classes)),
  );
}

function labelsOf({ labels, classNames, copies }: Dataset) {
  return { labels, classNames, ...(copies && { copies }) };
}

function usualOf(values: ArrayLike<number>): Rejection['distance'] {
  const ordered = Float64Array.from(values).sort();
  const quantile = (fraction: number) =>
    ordered[Math.min(ordered.length - 1, Math.floor(fraction * ordered.length))];
  return { median: quantile(0.5), high: quantile(HIGH) };
}
