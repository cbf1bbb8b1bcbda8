import { getPriority, platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { imageBytes } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
// Not through the rooms' index files: a worker should start without what only training needs.
import { Classifier } from '../../models/classifier.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import type { InputImage } from '../service.ts';
import { type Failure, failureFrom, type Order, type Report, type WorkerSetup } from './messages.ts';

/**
 * How much nicer a thread that computes is than the one that talks to the network, whatever that one was started with:
 * it gets a tenth of what that one may have, yet other programs do not starve it.
 */
const NICER_BY = 10;
const NICEST = 19;

/** libvips' readers of the formats that Harrier takes. The others (SVG, PDF, raw camera files, …) stay shut. */
const READERS = ['Png', 'Jpeg', 'Webp', 'Heif', 'Nsgif', 'Tiff'];

const port = parentPort!;
const { modelBytes, where, threads, threadsAlone, maxPixels } = workerData as WorkerSetup;
const say = (report: Report) => port.postMessage(report);

// One image after another never asks for the same twice; and batches, not single images, keep the cores busy.
sharp.cache(false);
sharp.concurrency(1);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: READERS.map((reader) => `VipsForeignLoad${reader}`) });

// Requests are taken in, refused and answered before more is computed, or a full server would answer nobody in time.
// On Linux alone a priority is one thread's.
if (platform() === 'linux') setPriority(0, Math.min(NICEST, getPriority() + NICER_BY));

try {
  const classifier = await load(threads);
  const classifierAlone = threadsAlone > threads ? await load(threadsAlone) : classifier;
  const { classNames, imageShape, metadata } = classifier;
  port.on('message', async (order: Order) => {
    if (order.kind === 'end') {
      for (const each of new Set([classifier, classifierAlone])) await each.dispose();
      port.close();
    } else {
      const results = await classify(order.alone ? classifierAlone : classifier, order.images);
      say({ kind: 'batch', results });
    }
  });
  say({ kind: 'ready', model: { classNames, imageShape, metadata } });
} catch (error) {
  say({ kind: 'refused', failure: failureFrom(error) });
  port.close();
}

async function load(threads: number): Promise<Classifier> {
  const classifier = await Classifier.load(nodeRuntime({ threads }), modelBytes, where);
  // The first run allocates what later ones use again; and a model that gives no numbers is found out here.
  await classifier.predict(new Uint8Array(imageBytes(classifier.imageShape)));
  return classifier;
}

/** Every image gets its own answer: one that cannot be read does not spoil the others. */
async function classify(
  classifier: Classifier,
  images: readonly InputImage[],
): Promise<(Float32Array | Failure)[]> {
  const decoded = await Promise.allSettled(images.map((image) => pixelsOf(classifier, image)));
  const good = decoded.flatMap((result, i) =>
    result.status === 'fulfilled' ? [{ i, pixels: result.value }] : [],
  );
  const results: (Float32Array | Failure)[] = decoded.map((result) =>
    failureFrom(result.status === 'rejected' ? result.reason : undefined),
  );
  if (good.length === 0) return results;
  const size = imageBytes(classifier.imageShape);
  const batch = new Uint8Array(good.length * size);
  good.forEach(({ pixels }, row) => {
    batch.set(pixels, row * size);
  });
  try {
    const probabilities = await classifier.predict(batch);
    const classes = classifier.classNames.length;
    good.forEach(({ i }, row) => {
      results[i] = probabilities.slice(row * classes, (row + 1) * classes);
    });
  } catch (error) {
    for (const { i } of good) results[i] = failureFrom(error);
  }
  return results;
}

async function pixelsOf({ imageShape }: Classifier, { kind, bytes, where }: InputImage): Promise<Uint8Array> {
  if (kind === 'file') return decodeImage(bytes, imageShape, where, maxPixels);
  if (bytes.length === imageBytes(imageShape)) return bytes;
  const { height, width, channels } = imageShape;
  throw new HarrierError('bad-shape', 'the pixels do not make one image', {
    where,
    expected: `${imageBytes(imageShape)} (${height} × ${width} × ${channels})`,
    received: `${bytes.length}`,
  });
}
