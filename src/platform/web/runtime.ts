import type { OnProgress } from '../../data/progress.ts';
import type { Runtime } from '../../runtime/index.ts';
import { allocateKernelMemory } from '../kernel-memory.ts';
import { compile } from './executable.ts';
import { openGpu } from './gpu.ts';
import { type Backend, loadOnnxRuntime, type WasmPaths } from './onnxruntime.ts';

/** Options of `webRuntime`. */
export interface WebRuntimeOptions {
  /** `wasm`: the processor; `webgpu`: the graphics device. Default `wasm`. */
  readonly backend?: Backend;
  /**
   * Threads of one operation on `wasm`; one where the page is not cross-origin isolated. All runtimes of a page or
   * worker share them: the first decides. Default: half the logical cores, 8 at most.
   */
  readonly threads?: number;
  /** Where ONNX Runtime's files are. Default: where the bundler put them, beside its script. */
  readonly wasmPaths?: WasmPaths;
  /** The contents of the file `ort-wasm-simd-threaded.wasm` or of its WebGPU counterpart, instead of fetching it. */
  readonly wasmBinary?: ArrayBufferLike;
  /** Told how much of ONNX Runtime has come. Needs `wasmPaths.wasm`. */
  readonly onProgress?: OnProgress;
}

/** A runtime in a browser. */
export interface WebRuntime extends Runtime {
  /** The engine in use. */
  readonly backend: Backend;
  /** What the graphics device calls itself, where it is one that computes. */
  readonly gpu?: string;
}

/**
 * Opens ONNX Runtime in a browser: in a page or, better, in a worker, so that the page stays responsive.
 *
 * On `wasm`, tensors are copied into ONNX Runtime's memory, and results out of it, at each step. Weights and slots are
 * in a block of memory of their own, and the optimizer's fused loops run over it as in Node. On `webgpu`, the
 * optimizer is in the graph, and the state stays in buffers of the device from step to step.
 *
 * @throws HarrierError `not-supported` when the browser cannot run it, `network` when ONNX Runtime cannot be loaded,
 *   `bad-option` when it already runs in this page with another number of threads. Steps throw `device-lost` when the
 *   graphics device is lost, and its state with it.
 */
export async function webRuntime(options: WebRuntimeOptions = {}): Promise<WebRuntime> {
  const { backend = 'wasm' } = options;
  const gpu = backend === 'webgpu' ? await openGpu() : undefined;
  const engine = await loadOnnxRuntime({
    ...options,
    backend,
    importScript: () => (gpu ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm')),
  });
  const { env } = engine.ort;
  return {
    name: `onnxruntime-web ${env.versions.web ?? env.versions.common} (${backend})`,
    backend,
    target: gpu ? 'webgpu' : 'cpu',
    threads: engine.threads,
    gpu: gpu?.name,
    compile: (model, compileOptions) => compile(engine, gpu, model, compileOptions),
    ...(gpu ? {} : { kernels: { allocate: allocateKernelMemory } }),
  };
}
