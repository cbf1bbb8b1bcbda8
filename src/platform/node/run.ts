/**
 * Runs finished models, and nothing else: classes and their probabilities of an image. A small entry, the same in pages,
 * workers and Node.
 *
 * @module harrier/run
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ImageInput } from '../../data/dataset.ts';
import { MAX_PIXELS } from '../../data/pixel-limit.ts';
import { HarrierError } from '../../errors.ts';
import { COUNT } from '../../options/range.ts';
import { checkNumber } from '../../options/values.ts';
import { type OnnxRuntime, openClassifier } from '../../run/image-classifier.ts';
import type { Address, ImageClassifier, ImageSource, LoadOptions } from '../../run/types.ts';
import { isPixels, shapedPixels } from '../memory-pixels.ts';
import { unshared } from '../unshared.ts';
import { defaultThreads } from './engine/default-threads.ts';
import { releasedLast } from './engine/released-last.ts';
import { readError } from './files/read-error.ts';

export { HarrierError } from '../../errors.ts';
export type * from '../../run/types.ts';

/**
 * Loads a finished model: a `model.onnx` that `harrier train` or `harrier export` wrote.
 *
 * @param source its path, its address or its bytes
 * @throws HarrierError `network` or `not-found` when it does not come, `bad-graph` when it is no model, `not-supported`
 *   when it does not keep to Harrier's contract, or ONNX Runtime is not there
 */
export async function loadClassifier(
  source: string | Address | ArrayBuffer | Uint8Array,
  { threads = defaultThreads(), maxPixels = MAX_PIXELS, ort }: LoadOptions = {},
): Promise<ImageClassifier> {
  checkNumber('loadClassifier', 'threads', threads, COUNT);
  checkNumber('loadClassifier', 'maxPixels', maxPixels, COUNT);
  const where = typeof source === 'string' ? source : 'href' in source ? source.href : 'model';
  const [engine, bytes] = await Promise.all([(ort as OnnxRuntime) ?? importOnnxRuntime(), bytesOf(source)]);
  const platform = {
    ort: releasingLast(engine),
    session: { graphOptimizationLevel: 'all', intraOpNumThreads: threads, logSeverityLevel: 4 },
    inTurn: <T>(work: () => Promise<T>) => work(),
    pixelsOf: (image: ImageSource, shape: ImageInput) => pixelsOf(image, shape, maxPixels),
  };
  return openClassifier(bytes, platform, where);
}

/** ONNX Runtime whose sessions wait for their runs before they give their memory back. */
function releasingLast({ InferenceSession, Tensor }: OnnxRuntime): OnnxRuntime {
  const create = async (model: Uint8Array, options: object) =>
    releasedLast(await InferenceSession.create(model, options));
  return { InferenceSession: { create }, Tensor };
}

async function importOnnxRuntime(): Promise<OnnxRuntime> {
  // Its telemetry is on by default: see engine/no-telemetry.ts.
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  try {
    return (await import('onnxruntime-node')) as unknown as OnnxRuntime;
  } catch (cause) {
    throw missing('onnxruntime-node', 'runs the model', cause);
  }
}

function missing(name: string, purpose: string, cause: unknown): HarrierError {
  return new HarrierError('not-supported', `${name}, which ${purpose}, cannot be loaded`, {
    received: (cause instanceof Error ? cause.message : String(cause)).split('\n')[0],
    next: `Install it: npm install ${name}`,
    cause,
  });
}

const isAddress = (text: string): boolean => /^(https?|data|file):/i.test(text);

/** A file by its path or address, or one of the web. */
async function bytesOf(source: string | Address | ArrayBuffer | Uint8Array): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return unshared(source);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  const address = typeof source === 'string' ? source : source.href;
  if (/^(https?|data):/i.test(address)) return fetched(address);
  const path = isAddress(address) ? fileURLToPath(address) : address;
  return readFile(path).catch((error) => {
    throw readError(error, path, 'file');
  });
}

async function fetched(address: string): Promise<Uint8Array> {
  const failed = (received: string, cause?: unknown): HarrierError =>
    new HarrierError('network', 'a file cannot be loaded', {
      where: address.slice(0, 200),
      received,
      next: 'Check the address and the network.',
      cause,
    });
  try {
    const response = await fetch(address);
    if (!response.ok) throw failed(`status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    if (cause instanceof HarrierError) throw cause;
    // What fetch itself says is that it failed.
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw failed(reason instanceof Error ? reason.message : String(reason), cause);
  }
}

async function pixelsOf(image: ImageSource, shape: ImageInput, maxPixels: number): Promise<Uint8Array> {
  const decode = (source: string | Uint8Array, where: string) => decoded(source, shape, where, maxPixels);
  if (typeof image === 'string') return decode(isAddress(image) ? await bytesOf(image) : image, image);
  if (typeof image === 'object' && image !== null) {
    if (image instanceof Uint8Array || image instanceof ArrayBuffer)
      return decode(await bytesOf(image), 'image');
    if ('href' in image && !('width' in image)) return decode(await bytesOf(image), image.href);
    if ('arrayBuffer' in image) return decode(new Uint8Array(await image.arrayBuffer()), nameOf(image));
    if (isPixels(image)) return shapedPixels(image, shape, 'pixels');
  }
  throw new HarrierError('bad-option', 'this is not an image', {
    where: 'classify',
    expected: "a path, an address, a file's bytes, a Blob, or pixels: { data, width, height }",
    received: image === null ? 'null' : typeof image === 'object' ? image.constructor?.name : typeof image,
  });
}

function nameOf(image: object): string {
  const { name } = image as { readonly name?: unknown };
  return typeof name === 'string' ? name : 'image';
}

/** Decodes a file; sharp is loaded with the first one. */
async function decoded(
  source: string | Uint8Array,
  shape: ImageInput,
  where: string,
  maxPixels: number,
): Promise<Uint8Array> {
  const { decodeImage } = await import('./images/decode.ts').catch((cause) => {
    throw missing('sharp', 'decodes images', cause);
  });
  return decodeImage(source, shape, where.startsWith('data:') ? 'image' : where.slice(0, 500), maxPixels);
}
