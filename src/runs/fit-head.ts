import { Backbone, type FeatureStore, imageFeatures } from '../backbones/index.ts';
import { mirrorsSides } from '../data/augmentation/index.ts';
import type { Dataset } from '../data/dataset.ts';
import { STRETCHED } from '../data/preprocessing.ts';
import type { OnProgress } from '../data/progress.ts';
import { sha256 as ownSha256, type Sha256 } from '../data/sha256.ts';
import { pickTags } from '../data/tags.ts';
import {
  type EpochRecord,
  evaluatePredictions,
  historyToCsv,
  type Predictions,
  predictionsFor,
} from '../evaluation/index.ts';
import { type FittedHead, fitHead as fitOnFeatures, withFittedHead } from '../heads/index.ts';
import { type Weights, withoutHead } from '../models/index.ts';
import type { HeadKind } from '../options/words.ts';
import type { FitResult } from '../training/index.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunPlatform } from './run-platform.ts';
import type { HeadRecord } from './run-record.ts';
import type { StoredRun } from './stored-run.ts';

/** A head that was fitted on features. */
export interface HeadFit extends FitResult {
  readonly head: HeadRecord;
  /** What the model says of images, from their features: no image goes through the network twice. */
  readonly predict: (dataset: Dataset, what: string) => Promise<Predictions>;
  /** Features of images of the run: `[images, size]`, each computed once. */
  readonly features: (dataset: Dataset, what: string) => Promise<Float32Array>;
  /** What heads said of the training images that they were not fitted on, where there was cross-validation. */
  readonly heldOut?: Predictions;
}

/** What a platform brings to features. */
export interface FeaturePlatform extends Pick<RunPlatform, 'sha256' | 'clock' | 'openFeatures'> {}

/**
 * Trains the last layer of a network on the features of the images: each image goes through the layers before it once,
 * and once more mirrored where the augmentation has that.
 *
 * @param stored keeps the history
 * @throws HarrierError as `imageFeatures` and `fitHead` of heads do, and `storage`
 */
export async function fitHead(
  run: PreparedRun,
  stored: StoredRun | undefined,
  platform: FeaturePlatform,
  onProgress?: OnProgress,
): Promise<HeadFit> {
  const { options, network, train, validation } = run;
  const weights = await run.firstWeights!();
  const began = platform.clock();
  const { features, backbone } = await openedFeatures(run, weights, platform, onProgress);
  try {
    const head = await fitted(run, features, backbone.size, options.head ?? 'linear', onProgress);
    const predict = async (dataset: Dataset, what: string): Promise<Predictions> => {
      const rows = await features.of(dataset, `${what} on ${dataset.name}`);
      const probabilities = head.probabilities(rows);
      return predictionsFor({ probabilities }, dataset);
    };
    const record = {
      epoch: 1,
      loss: head.loss,
      accuracy: head.accuracy,
      ...(validation && measured(await predict(validation, 'validating'))),
    };
    // All features that finishing asks for, while the network is at hand.
    await features.of(run.test, `features of ${run.test.name}`);
    const seconds = (platform.clock() - began) / 1000;
    const history: EpochRecord[] = [{ ...record, seconds }];
    await stored?.write('history', historyToCsv(history));
    return {
      history,
      weights: withFittedHead(network, weights, head),
      ended: 'finished',
      position: { step: 1, epoch: 1, stepInEpoch: 0, lossSum: 0, correct: 0, seen: 0, seconds: 0, history },
      head: head.record,
      predict,
      features: (dataset, what) => features.of(dataset, what),
      ...(head.heldOut && { heldOut: heldOutOf(head.heldOut, train) }),
    };
  } finally {
    await backbone.dispose();
  }
}

/**
 * What a fine-tuning of more layers begins with: the head is fitted on features first, so that the first steps, whose
 * gradients go into the layers before it, come from a head that knows its classes.
 *
 * @throws HarrierError as `fitHead`
 */
export async function warmedUp(
  run: PreparedRun,
  platform: FeaturePlatform,
  onProgress?: OnProgress,
): Promise<Weights> {
  const weights = await run.firstWeights!();
  const { features, backbone } = await openedFeatures(run, weights, platform, onProgress);
  try {
    const head = await fitted(run, features, backbone.size, 'linear', onProgress);
    return withFittedHead(run.network, weights, head);
  } finally {
    await backbone.dispose();
  }
}

/** The part of a run's network before its head, and the features that it gives. */
async function openedFeatures(
  { options: { from, head: kind }, network, runtime, train }: PreparedRun,
  weights: Weights,
  { sha256 = ownSha256, openFeatures }: FeaturePlatform,
  onProgress: OnProgress | undefined,
): Promise<{ features: FeatureTable; backbone: Backbone }> {
  const backbone = await Backbone.load(runtime, {
    name: from!.name,
    hash: from!.hash,
    // A hidden layer belongs to the head.
    ...(kind === 'mlp' ? withoutHead({ network, weights }) : { network, weights }),
    preprocessing: train.imageShape.preprocessing ?? STRETCHED,
  });
  const store = openFeatures?.(backbone.key(sha256), backbone.size);
  return { backbone, features: new FeatureTable(backbone, store, sha256, onProgress) };
}

/** A head that is fitted on the training images' features, and on those of their mirror images where these are shown. */
async function fitted(
  { options, runtime, train }: PreparedRun,
  features: FeatureTable,
  size: number,
  kind: HeadKind,
  onProgress: OnProgress | undefined,
): Promise<FittedHead> {
  const isMirrored = mirrorsSides(options.augmentation);
  const views = [await features.of(train, `features of ${train.name}`)];
  if (isMirrored) views.push(await features.of(train, `features of ${train.name}, mirrored`, true));
  const { labels, tags, classNames, copies } = train;
  return fitOnFeatures(
    runtime,
    { name: train.name, views, size, labels, ...(tags && { tags }), classNames, ...(copies && { copies }) },
    {
      kind,
      seed: options.seed,
      classWeight: options.classWeight,
      labelSmoothing: options.loss.labelSmoothing,
      calibrate: options.calibrate,
      onProgress: (done, total) => onProgress?.({ what: 'fitting the head', done, total, unit: 'steps' }),
    },
  );
}

/** Features of data sets, each computed once. */
class FeatureTable {
  readonly #backbone: Backbone;
  readonly #store: FeatureStore | undefined;
  readonly #sha256: () => Sha256;
  readonly #onProgress: OnProgress | undefined;
  readonly #known = new Map<Dataset, Float32Array>();

  constructor(
    backbone: Backbone,
    store: FeatureStore | undefined,
    sha256: () => Sha256,
    onProgress: OnProgress | undefined,
  ) {
    this.#backbone = backbone;
    this.#store = store;
    this.#sha256 = sha256;
    this.#onProgress = onProgress;
  }

  async of(dataset: Dataset, what: string, mirrored = false): Promise<Float32Array> {
    const known = mirrored ? undefined : this.#known.get(dataset);
    if (known) return known;
    const features = await imageFeatures(this.#backbone, dataset, {
      mirrored,
      store: this.#store,
      sha256: this.#sha256,
      onProgress: this.#onProgress,
      what,
    });
    if (!mirrored) this.#known.set(dataset, features);
    return features;
  }
}

function measured(predictions: Predictions): Pick<EpochRecord, 'validationLoss' | 'validationAccuracy'> {
  const { loss, accuracy } = evaluatePredictions(predictions);
  return { validationLoss: loss, validationAccuracy: accuracy };
}

/** Those images that were held out at all. */
function heldOutOf(probabilities: Float32Array, { labels, tags, classNames }: Dataset): Predictions {
  const classes = classNames.length;
  const held = [...labels.keys()].filter((image) => Number.isFinite(probabilities[image * classes]));
  const rows = new Float32Array(held.length * classes);
  held.forEach((image, i) => {
    rows.set(probabilities.subarray(image * classes, (image + 1) * classes), i * classes);
  });
  return {
    probabilities: rows,
    labels: held.map((image) => labels[image]),
    ...(tags && { tags: pickTags(tags, classes, held) }),
    classNames,
  };
}
