import { getPriority, platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { answerCalls } from '../../calls.ts';
import { imageBytes } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
// Not through the rooms' index files: a worker should start without what only training needs.
import { Classifier } from '../../models/classifier.ts';
import { type PlainError, plainError } from '../../plain-error.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { parentChannel } from '../../platform/node/worker.ts';
import { openReaders } from '../decoding/readers.ts';
import type { ImageAnswer, InputImage } from '../service.ts';
import type { WorkerCalls, WorkerSetup } from './messages.ts';

/**
 * How much nicer a thread that computes is than the one that talks to the network, whatever that one was started with:
 * it gets a tenth of what that one may have, yet other programs do not starve it.
 */
const NICER_BY = 10;
const NICEST = 19;

const { modelBytes, where, threads, threadsAlone, maxPixels } = workerData as WorkerSetup;

openReaders();

// Requests are taken in, refused and answered before more is computed, or a full server would answer nobody in time.
// On Linux alone a priority is one thread's.
if (platform() === 'linux') setPriority(0, Math.min(NICEST, getPriority() + NICER_BY));

const loading = loadAll();
// Tells callers about the model.
loading.catch(() => {});

answerCalls<WorkerCalls>(parentChannel(), {
  async model() {
    const { classNames, imageShape, metadata, tellsUnknown, thresholds } = (await loading).shared;
    return { classNames, imageShape, metadata, tellsUnknown, ...(thresholds && { thresholds }) };
  },
  async classify(images, isAlone) {
    const { shared, alone } = await loading;
    return classify(isAlone ? alone : shared, images);
  },
  async end() {
    const loaded = await loading.catch(() => undefined);
    for (const each of new Set(loaded && [loaded.shared, loaded.alone])) await each.dispose();
    parentPort!.close();
  },
});

/** The model for batches that share the cores with others, and for those that have them alone. */
async function loadAll(): Promise<{ readonly shared: Classifier; readonly alone: Classifier }> {
  const shared = await load(threads);
  return { shared, alone: threadsAlone > threads ? await load(threadsAlone) : shared };
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
): Promise<(ImageAnswer | PlainError)[]> {
  const decoded = await Promise.allSettled(images.map((image) => pixelsOf(classifier, image)));
  const good = decoded.flatMap((result, i) =>
    result.status === 'fulfilled' ? [{ i, pixels: result.value }] : [],
  );
  const results: (ImageAnswer | PlainError)[] = decoded.map((result) =>
    plainError(result.status === 'rejected' ? result.reason : undefined),
  );
  if (good.length === 0) return results;
  const size = imageBytes(classifier.imageShape);
  const batch = new Uint8Array(good.length * size);
  good.forEach(({ pixels }, row) => {
    batch.set(pixels, row * size);
  });
  try {
    const { probabilities, unknown } = await classifier.answer(batch);
    const classes = classifier.classNames.length;
    good.forEach(({ i }, row) => {
      results[i] = {
        probabilities: probabilities.slice(row * classes, (row + 1) * classes),
        ...(unknown && { unknown: unknown[row] }),
      };
    });
  } catch (error) {
    for (const { i } of good) results[i] = plainError(error);
  }
  return results;
}

async function pixelsOf({ imageShape }: Classifier, { kind, bytes, where }: InputImage): Promise<Uint8Array> {
  if (kind === 'file') return decodeImage(bytes, imageShape, where, maxPixels);
  if (bytes.length === imageBytes(imageShape)) return bytes;
  const { height, width, channels } = imageShape;
  throw new HarrierError('bad-shape', 'this is not the number of bytes of one image', {
    where,
    expected: `${imageBytes(imageShape)} (${height} × ${width} × ${channels})`,
    received: `${bytes.length}`,
  });
}
