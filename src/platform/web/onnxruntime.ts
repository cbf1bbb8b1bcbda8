import type * as Ort from 'onnxruntime-web/wasm';
import { fromBase64 } from '../../base64.ts';
import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import { fetchBytes } from './fetch-bytes.ts';

/** ONNX Runtime's script, in whichever of its forms. */
export type OnnxRuntime = typeof Ort;
/** ONNX Runtime's engine in a browser: `wasm` or `webgpu`. */
export type Backend = 'wasm' | 'webgpu';

/** Addresses of ONNX Runtime's files, if they are not beside its script. */
export interface WasmPaths {
  /** `ort-wasm-simd-threaded.wasm`, for WebGPU `ort-wasm-simd-threaded.asyncify.wasm`. */
  readonly wasm?: string | URL;
  /** The script of the same name that ends in `.mjs`. Seldom needed: it is in ONNX Runtime's own script too. */
  readonly mjs?: string | URL;
}

export interface LoadOptions {
  readonly backend: Backend;
  /** Imports the script of the backend: whoever needs only one backend names no other, which bundlers then leave out. */
  readonly importScript: () => Promise<OnnxRuntime>;
  readonly threads?: number;
  readonly wasmPaths?: WasmPaths;
  readonly wasmBinary?: ArrayBufferLike;
  readonly onProgress?: OnProgress;
}

/** ONNX Runtime, ready. */
export interface Loaded {
  readonly ort: OnnxRuntime;
  readonly threads: number;
  /**
   * Does one thing after another. ONNX Runtime's WebAssembly has one stack, which two calls at a time would spoil.
   */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** Beyond this many threads a step is hardly faster. */
const MOST_THREADS = 8;

const loaded = new Map<Backend, Promise<Loaded>>();

/**
 * Starts ONNX Runtime, once for each backend in a page or worker.
 *
 * @throws HarrierError `not-supported` when it does not start here; `network` when it cannot be fetched; `bad-option`
 *   when it runs already with another number of threads than asked for
 */
export async function loadOnnxRuntime(options: LoadOptions): Promise<Loaded> {
  const { backend, threads } = options;
  const known = loaded.get(backend);
  if (known) {
    const { threads: running } = await known;
    if (threads === undefined || possibleThreads(threads, backend) === running) return known;
    throw new HarrierError(
      'bad-option',
      'ONNX Runtime already runs in this page with another number of threads',
      {
        expected: `${running}`,
        received: `${threads}`,
        next: 'Start a new worker for another number.',
      },
    );
  }
  const loading = load(options);
  loaded.set(backend, loading);
  loading.catch(() => loaded.delete(backend));
  return loading;
}

async function load({
  backend,
  importScript,
  threads,
  wasmPaths,
  wasmBinary,
  onProgress,
}: LoadOptions): Promise<Loaded> {
  const binary =
    wasmBinary ?? (onProgress && wasmPaths?.wasm ? await fetchEngine(wasmPaths.wasm, onProgress) : undefined);
  const ort = await importScript();
  const used = possibleThreads(threads, backend);
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = used;
  if (binary) ort.env.wasm.wasmBinary = binary;
  if (wasmPaths) ort.env.wasm.wasmPaths = { wasm: addressOf(wasmPaths.wasm), mjs: addressOf(wasmPaths.mjs) };
  const queue = queueOf(ort);
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.last.then(work);
    queue.last = next.catch(() => {});
    return next;
  };
  await inTurn(() => startEngine(ort));
  return { ort, threads: used, inTurn };
}

/** One queue for all copies of this code that use one ONNX Runtime, such as those of several packages in a page. */
function queueOf({ env }: OnnxRuntime): { last: Promise<unknown> } {
  const shared: { harrierQueue?: { last: Promise<unknown> } } = env as object;
  shared.harrierQueue ??= { last: Promise.resolve() };
  return shared.harrierQueue;
}

/** Relative addresses are the page's, not those of ONNX Runtime's script. */
function addressOf(path: string | URL | undefined): string | undefined {
  return path === undefined ? undefined : new URL(path, globalThis.location?.href).href;
}

/**
 * Threads share memory, which pages may only where they are isolated from others. Half the logical cores, for two of
 * them are often one; the GPU's few leftovers for the processor need one.
 */
function possibleThreads(wanted: number | undefined, backend: Backend): number {
  if (backend === 'webgpu' || globalThis.crossOriginIsolated !== true) return 1;
  const cores = navigator.hardwareConcurrency || 1;
  const suitable = Math.min(MOST_THREADS, Math.max(Math.min(2, cores), Math.floor(cores / 2)));
  return wanted === undefined ? suitable : Math.max(1, Math.min(wanted, cores));
}

function fetchEngine(address: string | URL, onProgress: OnProgress): Promise<ArrayBuffer> {
  return fetchBytes(addressOf(address)!, 'loading ONNX Runtime', onProgress);
}

/** An ONNX model that takes a number and gives its negative, so small that it stands here. */
export const SMALLEST_MODEL =
  'CAoSB2hhcnJpZXI6OwoQCgF4EgF5GgNOZWciA05lZxIFc3RhcnRaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgIQFQ==';

/** Loads the smallest model, so that an engine that does not start is told of before a model is blamed for it. */
async function startEngine(ort: OnnxRuntime): Promise<void> {
  try {
    const session = await ort.InferenceSession.create(fromBase64(SMALLEST_MODEL)!, {
      executionProviders: ['wasm'],
    });
    await session.release();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const isMissing = /fetch|dynamically imported module/i.test(message);
    throw new HarrierError('not-supported', 'ONNX Runtime does not start in this browser', {
      received: message,
      next: isMissing
        ? 'Is ort-wasm-….wasm beside its script, or does wasmPaths say where? If the network failed, reload.'
        : 'Load the page again; if that does not help, use a newer browser.',
      cause,
    });
  }
}
