/**
 * Runs finished models, and nothing else: classes and their probabilities of an image. A small entry, the same in pages,
 * workers and Node.
 *
 * @module harrier/run
 */
import type { ImageInput } from '../../data/dataset.ts';
import { checkPixels } from '../../data/pixel-limit.ts';
import { HarrierError } from '../../errors.ts';
import { openClassifier } from '../../run/image-classifier.ts';
import type { Address, Drawable, ImageClassifier, ImageSource, LoadOptions } from '../../run/types.ts';
import { isPixels, shapedPixels } from '../memory-pixels.ts';
import { decodeImage, drawnPixels, MAX_PIXELS } from './decode.ts';
import { fetchBytes } from './fetch-bytes.ts';
import { loadOnnxRuntime, type OnnxRuntime } from './onnxruntime.ts';

export { HarrierError } from '../../errors.ts';
export type * from '../../run/types.ts';

/**
 * Loads a finished model: a `model.onnx` that `harrier train` or `harrier export` wrote.
 *
 * @param source its address or its bytes; in Node also its path
 * @throws HarrierError `network` or `not-found` when it does not come, `bad-graph` when it is no model, `not-supported`
 *   when it does not keep to Harrier's contract, or ONNX Runtime is not there
 */
export async function loadClassifier(
  source: string | Address | ArrayBuffer | Uint8Array,
  { threads, wasmPaths, ort }: LoadOptions = {},
): Promise<ImageClassifier> {
  const where = typeof source === 'string' ? source : 'href' in source ? source.href : 'model';
  const engine = loadOnnxRuntime({
    backend: 'wasm',
    importScript: async () => (ort as OnnxRuntime) ?? importOnnxRuntime(),
    threads,
    wasmPaths: wasmPaths as { wasm?: string | URL; mjs?: string | URL },
  });
  const [loaded, bytes] = await Promise.all([engine, bytesOf(source)]);
  const platform = {
    ort: loaded.ort,
    session: { executionProviders: ['wasm'], graphOptimizationLevel: 'all', logSeverityLevel: 4 },
    inTurn: loaded.inTurn,
    pixelsOf,
  };
  return openClassifier(bytes, platform, where);
}

async function importOnnxRuntime(): Promise<OnnxRuntime> {
  try {
    return await import('onnxruntime-web/wasm');
  } catch (cause) {
    throw new HarrierError('not-supported', 'onnxruntime-web cannot be loaded', {
      received: cause instanceof Error ? cause.message : String(cause),
      next: 'Install it: npm install onnxruntime-web. A page without a bundler names it in its import map.',
      cause,
    });
  }
}

async function bytesOf(source: string | Address | ArrayBuffer | Uint8Array): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  return new Uint8Array(await fetchBytes(addressOf(source), 'loading the model'));
}

const addressOf = (source: string | Address): string => (typeof source === 'string' ? source : source.href);

async function pixelsOf(image: ImageSource, shape: ImageInput): Promise<Uint8Array> {
  if (typeof image === 'string') return fetched(image, shape);
  if (typeof image !== 'object' || image === null) throw noImage(image);
  if ('href' in image && !('width' in image)) return fetched(image.href, shape);
  if (image instanceof Uint8Array) return decodeImage(image as Uint8Array<ArrayBuffer>, shape);
  if (image instanceof ArrayBuffer) return decodeImage(new Uint8Array(image), shape);
  if (image instanceof Blob) return decodeImage(image, shape);
  // The browser converts those of another colour space.
  if (isPixels(image) && (image as Partial<ImageData>).colorSpace !== 'display-p3')
    return shapedPixels(image, shape, 'pixels');
  if ('width' in image && 'height' in image) return drawn(image, shape);
  throw noImage(image);
}

async function fetched(address: string, shape: ImageInput): Promise<Uint8Array> {
  const bytes = await fetchBytes(address, 'loading the image');
  return decodeImage(new Uint8Array(bytes), shape, address.startsWith('data:') ? 'image' : address);
}

/**
 * The pixels of a canvas, a video or an `<img>`, each in its own size and not in that on the page: an `<img>` from a
 * `srcset` states a smaller one than its file has.
 */
async function drawn(image: Drawable, shape: ImageInput): Promise<Uint8Array> {
  const { naturalWidth, videoWidth } = image as Partial<HTMLImageElement & HTMLVideoElement>;
  const where = naturalWidth !== undefined ? 'img' : videoWidth !== undefined ? 'video' : 'image';
  // An image that is on its way is waited for; one that fails has no pixels.
  if (naturalWidth !== undefined) await (image as HTMLImageElement).decode?.().catch(() => {});
  let bitmap: ImageBitmap | undefined;
  try {
    bitmap = await createImageBitmap(image as HTMLImageElement);
    checkPixels(bitmap, where, MAX_PIXELS);
    return drawnPixels(bitmap, bitmap, shape);
  } catch (cause) {
    if ((cause as Error).name === 'InvalidStateError') {
      throw new HarrierError('bad-data', 'this image has no pixels', {
        where,
        next: 'Wait until it has loaded, and check its address.',
        cause,
      });
    }
    if ((cause as Error).name === 'SecurityError') {
      throw new HarrierError(
        'not-supported',
        'the browser does not let the page read an image of another site',
        {
          where,
          next: 'Set its attribute crossorigin to "anonymous" before src; the other site must allow it (Access-Control-Allow-Origin).',
          cause,
        },
      );
    }
    if (cause instanceof TypeError) throw noImage(image, cause);
    throw cause;
  } finally {
    bitmap?.close();
  }
}

function noImage(image: unknown, cause?: unknown): HarrierError {
  return new HarrierError('bad-option', 'this is not an image', {
    where: 'classify',
    expected: 'an address, a File or Blob, bytes, pixels, or an element that can be drawn',
    received: image === null ? 'null' : typeof image === 'object' ? image.constructor?.name : typeof image,
    cause,
  });
}
