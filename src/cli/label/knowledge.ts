import { resolve } from 'node:path';
import { Backbone, imageFeatures } from '../../backbones/index.ts';
import { firstImages } from '../../data/subset.ts';
import { HarrierError } from '../../errors.ts';
import { probabilitiesOf } from '../../heads/index.ts';
import { classNamesOf, exportOptionsOf, headOf, NETWORK_KEY, THRESHOLDS_KEY } from '../../models/index.ts';
import { decodeModel } from '../../onnx/index.ts';
import { featureCache } from '../../platform/node/backbones/feature-cache.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { readModelFile } from '../../platform/node/files/model-file.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { isElsewhere, startingModel } from '../../platform/node/runs/starting-model.ts';
import type { StartingModel } from '../../runs/starting-model.ts';
import type { LabelSessionOptions, RunKnowledge } from '../../studio-server/labelling/session.ts';
import { imagesFor } from '../evaluate/images.ts';
import { fetchingFor, noteModel } from '../fetching.ts';
import type { Reporter } from '../reporter.ts';

/** Of a run's training images, so many are learned from again: enough to keep what it knows, few enough for seconds. */
const MOST_TRAINING = 2_000;

/**
 * The network whose features images are compared by, and what a run knows of its classes.
 *
 * @param from as it was typed: a run, or a network
 * @throws HarrierError as `startingModel` and `Backbone.load` do; the signal's reason when aborted
 */
export async function knowledgeOf(
  from: string | undefined,
  {
    threads,
    reporter,
    signal,
  }: { readonly threads?: number; readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<Pick<LabelSessionOptions, 'backbone' | 'store' | 'run'>> {
  const model = await startingModel(from, {}, fetchingFor(reporter, signal));
  noteModel(model, reporter);
  const backbone = await Backbone.load(nodeRuntime({ threads }), model);
  const store = featureCache(backbone.key(nativeSha256), backbone.size);
  if (from !== undefined && (await isElsewhere(from))) return { backbone, store };
  const run = await runKnowledge(from, model, { backbone, store }, reporter, signal);
  return { backbone, store, ...(run && { run }) };
}

/** Undefined for a model of another program, whose classes are not known. */
async function runKnowledge(
  from: string | undefined,
  { network, weights, name, preprocessing }: StartingModel,
  { backbone, store }: Pick<LabelSessionOptions, 'backbone' | 'store'>,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<RunKnowledge | undefined> {
  const source = await findModel(from);
  const model = decodeModel(await readModelFile(source.modelFile), source.modelFile);
  if (!Object.hasOwn(model.metadata, NETWORK_KEY)) return undefined;
  if (Object.hasOwn(model.metadata, THRESHOLDS_KEY)) {
    throw new HarrierError(
      'not-supported',
      'this model gives images any number of labels: here each has one',
      {
        where: name,
        next: 'Take a run of classes, or leave --from out.',
      },
    );
  }
  const [height, width] = network.inputShape;
  const head = headOf(network);
  const { temperature } = exportOptionsOf(model);
  const kernel = weights.get(`${head}/kernel`)!.map((weight) => weight / temperature);
  const classes = kernel.length / backbone.size;
  const bias = (weights.get(`${head}/bias`) ?? new Float32Array(classes)).map((value) => value / temperature);
  const classNames = classNamesOf(model, classes, source.modelFile);
  const known = {
    name,
    classNames,
    probabilities: (features: Float32Array) =>
      probabilitiesOf(features, { kernel, bias }, backbone.size, classes),
  };
  if (!source.run) return known;
  try {
    const imageShape = { height, width, channels: 3, preprocessing };
    const images = await imagesFor(
      source,
      { imageShape, metadata: model.metadata, thresholds: undefined },
      { split: 'train' },
      reporter,
    );
    if (!images) return known;
    const dataset = firstImages(images.dataset, MOST_TRAINING);
    const features = await imageFeatures(backbone, dataset, {
      store,
      sha256: nativeSha256,
      onProgress: (progress) => {
        signal.throwIfAborted();
        reporter.work(progress);
      },
      what: `features of ${dataset.name}`,
    });
    const labels = Array.from(dataset.labels, (label) => classNames.indexOf(dataset.classNames[label]));
    const files = labels.map((_, image) => resolve(dataset.describe(image)));
    return labels.includes(-1) ? known : { ...known, training: { features, labels, files } };
  } catch (error) {
    if (!(error instanceof HarrierError)) throw error;
    reporter.note(`Note: the training images of ${name} are not at hand: ${error.message}`);
    return known;
  } finally {
    reporter.clear();
  }
}
