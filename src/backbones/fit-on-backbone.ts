import type { Dataset } from '../data/dataset.ts';
import { preprocessingMetadata } from '../data/preprocessing.ts';
import type { Progress } from '../data/progress.ts';
import { imagesOfEach } from '../data/tags.ts';
import { HarrierError } from '../errors.ts';
import { type FittedHead, fitHead, HIDDEN_LAYER, withFittedHead } from '../heads/index.ts';
import {
  CLASS_NAMES_KEY,
  type ClassifierFitOptions,
  exportModel,
  type FittedClassifier,
  ORIGIN_KEY,
  originText,
  withHiddenLayer,
  withNewHead,
} from '../models/index.ts';
import type { HeadKind } from '../options/words.ts';
import type { BackboneModel, FeatureSource } from './backbone-model.ts';
import { imageFeatures } from './image-features.ts';

/**
 * Fits a head on the features that a backbone makes of images, and puts it in the place of the network's own.
 *
 * @param whole the network with its head
 * @throws HarrierError as `imageFeatures` and `fitHead` do; the signal's reason when aborted
 */
export async function fitOnBackbone(
  backbone: FeatureSource,
  whole: BackboneModel,
  kind: HeadKind,
  train: Dataset,
  { seed = 1, mirrored = true, labelSmoothing, store, onProgress, signal }: ClassifierFitOptions,
): Promise<FittedClassifier> {
  const { labels, classNames, copies } = train;
  if (train.tags) {
    throw new HarrierError('not-supported', 'a Classifier tells classes apart, of which an image has one', {
      where: train.name,
      received: 'images with any number of labels',
      next: 'Train with the command: npx harrier train --data LIST --multi-label --from MODEL.',
    });
  }
  const shown = imagesOfEach(train).filter((images) => images > 0).length;
  if (shown < 2) {
    throw new HarrierError('bad-data', 'a Classifier learns from images of at least two classes', {
      where: train.name,
      received: `${labels.length} images of ${shown === 1 ? 'one class' : 'no class'}`,
    });
  }
  // What is thrown here ends the work.
  const tell = (progress: Progress) => {
    onProgress?.(progress);
    signal?.throwIfAborted();
  };
  signal?.throwIfAborted();
  const views = [await imageFeatures(backbone, train, { store, onProgress: tell })];
  if (mirrored) {
    const what = 'computing features of mirrored images';
    views.push(await imageFeatures(backbone, train, { mirrored, store, onProgress: tell, what }));
  }
  const data = {
    name: train.name,
    views,
    size: backbone.size,
    labels,
    classNames,
    ...(copies && { copies }),
  };
  const head = await fitHead(backbone.runtime, data, {
    kind,
    seed,
    labelSmoothing,
    onProgress: (done, total) => tell({ what: 'fitting the head', done, total, unit: 'steps' }),
  });
  const changed = withNewHead(whole, { classes: classNames.length, trainable: 'head', seed });
  const { network, weights } = kind === 'mlp' ? withHiddenLayer(changed, { ...HIDDEN_LAYER, seed }) : changed;
  const metadata = {
    [CLASS_NAMES_KEY]: JSON.stringify(classNames),
    [ORIGIN_KEY]: originText(whole),
    ...preprocessingMetadata(whole.preprocessing),
  };
  const heldOut = heldOutAccuracy(head, labels);
  return {
    model: exportModel(network, withFittedHead(network, weights, head), metadata),
    fit: {
      accuracy: head.accuracy,
      loss: head.loss,
      ...(heldOut !== undefined && { heldOutAccuracy: heldOut }),
    },
  };
}

/** Fraction right of the images that were held out at all. */
function heldOutAccuracy({ heldOut, bias }: FittedHead, labels: Uint16Array): number | undefined {
  if (!heldOut) return undefined;
  const classes = bias.length;
  const held = [...labels.keys()].filter((image) => Number.isFinite(heldOut[image * classes]));
  const right = held.filter((image) => {
    const row = heldOut.subarray(image * classes, (image + 1) * classes);
    return row.indexOf(Math.max(...row)) === labels[image];
  });
  return held.length === 0 ? undefined : right.length / held.length;
}
