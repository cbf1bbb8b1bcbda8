import { type Runtime, withNewHead } from 'harrier';
import { type OnnxModel, withStoredWeights } from 'harrier/graph';
import { preprocessingMetadata } from 'harrier/src/data/preprocessing.ts';
import type { OnProgress } from 'harrier/src/data/progress.ts';
import { fitLinear, type HeadData, heldOutDistances, knownDirections } from 'harrier/src/heads/index.ts';
import { CLASS_NAMES_KEY, exportModel, type Rejection } from 'harrier/src/models/index.ts';
import { fitRejection } from 'harrier/src/runs/reject-run.ts';
import type { StartingModel } from 'harrier/src/runs/starting-model.ts';
import { belonging } from './belonging.ts';
import type { Outcome } from './messages.ts';

/** What a head is fitted on. */
export interface HeadLesson {
  /** The pretrained model. */
  readonly model: StartingModel;
  /** Features, float32 `[images, size]`, of the images as they are, and of others of their views. */
  readonly views: readonly Float32Array[];
  readonly labels: Uint16Array;
  /** By which images are found again. */
  readonly ids: readonly string[];
  /** Recordings that images are of. */
  readonly bursts: readonly (string | undefined)[];
  readonly classNames: readonly string[];
  readonly seed: number;
  /** Metadata that the model takes along. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface LearnedHead {
  readonly model: OnnxModel;
  /** Parts of the images that were held out in turn; absent where there were too few. */
  readonly folds?: number;
  /** Classes whose images are all of one recording: held-out ones are much like those that were learned from. */
  readonly oneRecording: readonly string[];
  /** What heads say that were not fitted on these images. */
  readonly heldOut: Outcome['heldOut'];
}

/**
 * Fits a linear head on features, and puts it on the network. It is fitted on all images; how good it is say heads that
 * were fitted without a part of them each.
 *
 * @throws HarrierError as `fitLinear` does
 */
export async function learnHead(
  runtime: Runtime,
  { model, views, labels, ids, bursts, classNames, seed, metadata: given }: HeadLesson,
  onProgress: OnProgress,
): Promise<LearnedHead> {
  const classes = classNames.length;
  const size = views[0].length / labels.length;
  const { copies, oneRecording } = belonging({ labels, features: views[0], bursts });
  const head = await fitLinear(
    runtime,
    { name: 'your images', views, size, labels, classNames, copies },
    { seed, onProgress: (done, total) => onProgress({ what: 'learning', done, total, unit: 'steps' }) },
  );
  const { network, weights, head: name } = withNewHead(model, { classes, trainable: 'head', seed });
  const learned = new Map(weights).set(`${name}/kernel`, head.kernel).set(`${name}/bias`, head.bias);
  const { crossValidation } = head;
  const metadata = {
    ...given,
    [CLASS_NAMES_KEY]: JSON.stringify(classNames),
    'harrier.fineTunedFrom': model.hash,
    ...preprocessingMetadata(model.preprocessing),
  };
  const data = { size, labels, classNames, copies };
  const rejection =
    crossValidation && rejectionOf(views[0], data, crossValidation.heldOut, { layer: name, seed });
  const exported = exportModel(network, learned, metadata, { rejection });
  const heldOut = [...labels.keys()].flatMap((i) => {
    const scores = crossValidation?.heldOut.subarray(i * classes, (i + 1) * classes);
    if (!scores || Number.isNaN(scores[0])) return [];
    return [{ id: ids[i], label: labels[i], probabilities: softmax(scores), group: copies[i] }];
  });
  return {
    model: withStoredWeights(exported, 'float16'),
    ...(crossValidation && { folds: crossValidation.folds }),
    oneRecording: oneRecording.map((label) => classNames[label]),
    heldOut,
  };
}

/** Fraction of images of the classes that the model should still accept, and images that this takes at least. */
const KEPT = 0.95;
const LEAST_IMAGES = 19;

/** How the model tells images that show none of the classes: from the images that were held out in turn. */
function rejectionOf(
  rows: Float32Array,
  data: Pick<HeadData, 'size' | 'labels' | 'classNames' | 'copies'>,
  scores: Float32Array,
  { layer, seed }: { readonly layer: string; readonly seed: number },
): Rejection | undefined {
  const held = heldOutDistances(rows, data, seed);
  if (!held || held.images.length < LEAST_IMAGES) return undefined;
  const classes = data.classNames.length;
  const doubts = held.images.map(
    (image) => 1 - Math.max(...softmax(scores.subarray(image * classes, (image + 1) * classes))),
  );
  const means = knownDirections(rows, data);
  return fitRejection({ distances: held.distances, doubts }, { layer, means, keep: KEPT });
}

function softmax(scores: Float32Array): number[] {
  const most = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - most));
  const sum = powers.reduce((total, each) => total + each, 0);
  return powers.map((each) => each / sum);
}
