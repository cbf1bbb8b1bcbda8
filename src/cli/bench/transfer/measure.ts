import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { Backbone, featuresModel, imageFeatures } from '../../../backbones/index.ts';
import { type Measured, measure } from '../../../benchmark/index.ts';
import { type Dataset, imageBytes, imageInput } from '../../../data/dataset.ts';
import { random } from '../../../data/random.ts';
import { subset } from '../../../data/subset.ts';
import { evaluatePredictions, type Spread, spreadOf } from '../../../evaluation/index.ts';
import { fitHead } from '../../../heads/index.ts';
import { withoutHead } from '../../../models/index.ts';
import { encodeModel } from '../../../onnx/index.ts';
import { optimizerFrom } from '../../../optimizers/index.ts';
import { isImageFolder } from '../../../platform/node/datasets/data-kind.ts';
import { listImages } from '../../../platform/node/datasets/list-images.ts';
import { openDataset } from '../../../platform/node/datasets/open-dataset.ts';
import { nativeSha256 } from '../../../platform/node/files/sha256.ts';
import { decodeImage } from '../../../platform/node/images/decode.ts';
import { fineTuning, fineTuningMethod } from '../../../recipes/index.ts';
import type { StartingModel } from '../../../runs/starting-model.ts';
import type { Runtime } from '../../../runtime/index.ts';
import { Trainer } from '../../../training/index.ts';
import type { TransferPeer } from '../peers.ts';

/** Images of a step of fine-tuning. */
export const STEP_IMAGES = 16;
/** Images whose features are timed. */
const RATE_IMAGES = 64;
/** Training images of each class that few-image figures are for, and how often they are drawn. */
const FEW = [5, 10, 20];
const DRAWS = 5;

/** Images a second. */
export interface FeatureRates {
  /** Pixels to features, as `imageFeatures` does. */
  readonly harrier: number;
  /** ONNX Runtime alone on the same graph. */
  readonly onnxruntime: number;
  /** Files to pixels, where there are files. */
  readonly decoding?: number;
}

/** What a head on features comes to on a data set. */
export interface HeadScore {
  readonly data: string;
  readonly training: number;
  readonly test: number;
  readonly accuracy: number;
  readonly interval95: readonly [number, number];
  /** Seconds for features and head, the images decoded already. */
  readonly seconds: number;
  /** By training images of each class. */
  readonly few: readonly { readonly perClass: number; readonly accuracy: Spread }[];
}

/** What `harrier bench --transfer --json` prints. */
export interface TransferResult {
  readonly model: string;
  readonly size: number;
  readonly runtime: string;
  readonly threads: number;
  readonly features: FeatureRates;
  /** Milliseconds of a step of 16 images that trains all layers. */
  readonly step: Measured;
  readonly peer: TransferPeer;
  readonly heads: readonly HeadScore[];
}

/** How fast a network makes features, beside ONNX Runtime alone. */
export async function featureRates(
  model: StartingModel,
  runtime: Runtime,
  file: string | undefined,
): Promise<FeatureRates> {
  const clock = () => performance.now();
  const [height, width] = model.network.inputShape;
  const shape = imageInput({ height, width, channels: 3 }, model.preprocessing);
  const pixels = Uint8Array.from({ length: RATE_IMAGES * imageBytes(shape) }, (_, i) => (i * 7919) % 256);
  const backbone = await Backbone.load(runtime, model);
  const session = await ort.InferenceSession.create(encodeModel(featuresModel(withoutHead(model))), {
    intraOpNumThreads: runtime.threads,
  });
  const batch = 16;
  const bare = async () => {
    for (let start = 0; start < RATE_IMAGES; start += batch) {
      const data = pixels.subarray(start * imageBytes(shape), (start + batch) * imageBytes(shape));
      await session.run({ image: new ort.Tensor('uint8', data, [batch, height, width, 3]) });
    }
  };
  const dataset = madeUp(shape, pixels);
  const own = () => imageFeatures(backbone, dataset, { sha256: nativeSha256 });
  try {
    // In turns, so that whatever else the machine does falls on both.
    const times = { own: [] as number[], bare: [] as number[] };
    for (let i = -1; i < 5; i++) {
      for (const [name, work] of [
        ['own', own],
        ['bare', bare],
      ] as const) {
        const began = clock();
        await work();
        if (i >= 0) times[name].push(clock() - began);
      }
    }
    const rate = (all: number[]) => (1000 * RATE_IMAGES) / all.sort((a, b) => a - b)[all.length >> 1];
    const decoded = file && (await measure(() => decodeImage(file, shape), { clock, warmUp: 2, runs: 20 }));
    return {
      harrier: rate(times.own),
      onnxruntime: rate(times.bare),
      ...(decoded && { decoding: 1000 / decoded.median }),
    };
  } finally {
    await backbone.dispose();
    await session.release();
  }
}

/** All of them different, so that none is computed once for two. */
function madeUp(imageShape: Dataset['imageShape'], pixels: Uint8Array): Dataset {
  const bytes = imageBytes(imageShape);
  return {
    name: 'made up',
    classNames: ['one'],
    imageShape,
    size: RATE_IMAGES,
    labels: new Uint16Array(RATE_IMAGES),
    hash: '',
    describe: String,
    gather: (indices, out) => {
      for (let i = 0; i < indices.length; i++) {
        out.set(pixels.subarray(indices[i] * bytes, (indices[i] + 1) * bytes), i * bytes);
        out[i * bytes] = indices[i];
      }
    },
  };
}

/** Times whole steps of fine-tuning all layers. */
export async function fineTuningStep(model: StartingModel, runtime: Runtime): Promise<Measured> {
  const classes = 10;
  const { network, weights } = fineTuning({ from: model, classes, images: 1_000, trainable: 'all', seed: 1 });
  const { optimizer, loss } = fineTuningMethod(model.network, 'all');
  const trainer = new Trainer({
    network,
    weights,
    optimizer: optimizerFrom({ ...optimizer }),
    loss,
    runtime,
    seed: 1,
  });
  const [height, width] = network.inputShape;
  const pixels = Uint8Array.from({ length: STEP_IMAGES * height * width * 3 }, (_, i) => (i * 7919) % 256);
  const targets = new Float32Array(STEP_IMAGES * classes);
  for (let i = 0; i < STEP_IMAGES; i++) targets[i * classes + (i % classes)] = 1;
  let step = 0;
  try {
    // A rate at which nothing moves: speed does not depend on it, and the loss stays a number.
    return await measure(() => trainer.step(pixels, targets, step++, 1e-9), {
      clock: () => performance.now(),
      warmUp: 2,
      runs: 8,
    });
  } finally {
    await trainer.dispose();
  }
}

/** A linear head on the features of a folder's images: with all training images, and with few of each class. */
export async function headScore(
  model: StartingModel,
  runtime: Runtime,
  folder: string,
  onStart: (what: string) => void,
): Promise<HeadScore> {
  const [side] = model.network.inputShape;
  const { preprocessing } = model;
  onStart(`decoding ${folder}`);
  const { train, test } = await openDataset(folder, {
    defaultImageSize: side,
    imageSize: side,
    preprocessing,
    skipBad: true,
  });
  onStart(`features of ${folder}`);
  const began = performance.now();
  const backbone = await Backbone.load(runtime, model);
  const { size } = backbone;
  const features = async (dataset: Dataset, mirrored = false) =>
    imageFeatures(backbone, dataset, { sha256: nativeSha256, mirrored });
  const [own, mirrored, tested] = [await features(train), await features(train, true), await features(test)];
  await backbone.dispose();
  const score = async (images: readonly number[]) => {
    const part = subset(train, images);
    const rows = (all: Float32Array) => {
      const chosen = new Float32Array(images.length * size);
      images.forEach((image, i) => {
        chosen.set(all.subarray(image * size, (image + 1) * size), i * size);
      });
      return chosen;
    };
    const { labels, classNames, copies } = part;
    const head = await fitHead(
      runtime,
      {
        name: folder,
        views: [rows(own), rows(mirrored)],
        size,
        labels,
        classNames,
        ...(copies && { copies }),
      },
      { kind: 'linear', seed: 1 },
    );
    return evaluatePredictions({
      probabilities: head.probabilities(tested),
      labels: test.labels,
      classNames,
    });
  };
  const whole = await score([...train.labels.keys()]);
  const seconds = (performance.now() - began) / 1000;
  const few: HeadScore['few'][number][] = [];
  for (const perClass of FEW) {
    onStart(`${perClass} images of each class of ${folder}`);
    const accuracies: number[] = [];
    for (let draw = 0; draw < DRAWS; draw++) {
      accuracies.push((await score(drawn(train, perClass, draw))).accuracy);
    }
    few.push({ perClass, accuracy: spreadOf(accuracies) });
  }
  const { accuracy, interval95 } = whole;
  return { data: folder, training: train.size, test: test.size, accuracy, interval95, seconds, few };
}

function drawn({ labels, classNames }: Dataset, perClass: number, seed: number): number[] {
  return classNames.flatMap((_, label) => {
    const own = [...labels.keys()].filter((image) => labels[image] === label);
    const order = random(seed, 'bench/few-images', label).permutation(own.length);
    return Array.from(order.slice(0, perClass), (i) => own[i]);
  });
}

/** An image file of a folder, for the rate of decoding; undefined where there is none. */
export async function anImageOf(folder: string | undefined): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  if (!(await isImageFolder(folder))) return undefined;
  const { root, files } = await listImages(folder);
  return join(root, files[0].path);
}
