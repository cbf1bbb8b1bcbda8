/**
 * Runs finished models, and nothing else: classes and their probabilities of an image. A small entry, the same in pages,
 * workers and Node.
 *
 * @module harrier/run
 */
import type { ImageInput } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import { openClassifier } from '../../run/image-classifier.ts';
import type { Address, ImageClassifier, ImageSource, LoadOptions } from '../../run/types.ts';
import { fetchBytes } from './fetch-bytes.ts';
import { pixelsOf } from './image-source.ts';
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
  { threads, maxPixels, wasmPaths, ort }: LoadOptions = {},
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
    pixelsOf: (image: ImageSource, shape: ImageInput) =>
      pixelsOf(image, shape, undefined, undefined, maxPixels),
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
