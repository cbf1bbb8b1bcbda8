import type { Model, Tensor } from '../onnx/index.ts';
import type { Target } from '../passes/index.ts';

/** Tensors by the name of their input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Files, where a runtime's platform has them. */
export interface RuntimeFiles {
  /** The bytes of a file, or undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Writes a file, whole or not at all. */
  write(path: string, bytes: Uint8Array): Promise<void>;
}

/** The engine that runs graphs: ONNX Runtime, in Node or in a browser. */
export interface Runtime {
  /** For reports, such as `onnxruntime-node 1.30.0`. */
  readonly name: string;
  /** What `lower` must write for it. */
  readonly target: Target;
  /**
   * Channels per block of the CPU's blocked convolutions, which `lower` then uses; undefined where there are none.
   * Absent: there are none.
   */
  convolutionBlock?(): Promise<number | undefined>;
  /** Threads that one operation may use. */
  readonly threads: number;
  /** Bytes of memory that are free for it; absent where nobody can tell. */
  freeMemory?(): number;
  /**
   * Prepares a model for running.
   * @param model a model, or the bytes of an `.onnx` file
   * @throws HarrierError `bad-graph` when ONNX Runtime refuses it
   */
  compile(model: Model | Uint8Array, options?: CompileOptions): Promise<Executable>;
  /**
   * Fused elementwise loops over memory that fed tensors may be views of. A runtime without them (a GPU's) keeps
   * the optimizer in the graph.
   */
  readonly kernels?: KernelRuntime;
  /** Where `model.save` and callbacks write. Absent in browsers. */
  readonly files?: RuntimeFiles;
}

/** How a model is prepared for running. */
export interface CompileOptions {
  /**
   * State that stays with the executable: each output named here becomes the input of the next step and is not
   * returned. Where it lives (memory, GPU buffers) is the runtime's business.
   */
  readonly carry?: readonly { readonly output: string; readonly input: string }[];
  /** First values of the carried inputs. */
  readonly state?: Tensors;
  /**
   * What to call the model in errors: the file of a model that is not Harrier's own. What ONNX Runtime then refuses
   * while it runs is the model's fault, a HarrierError `bad-graph`.
   */
  readonly where?: string;
}

/** A model that is ready to run, and the state that it carries from step to step. */
export interface Executable {
  /**
   * Runs once.
   * @param feeds the inputs that are not carried
   * @param into where to write certain outputs, by name; the others that are not carried come back
   */
  step(feeds: Tensors, into?: Tensors): Promise<Tensors>;
  /** The carried state, by input name. */
  readState(): Promise<Tensors>;
  /** Replaces the carried state. */
  writeState(state: Tensors): void;
  /** Gives the memory back. No step may follow. */
  dispose(): Promise<void>;
}

/** Runs WebAssembly loops over one block of memory. */
export interface KernelRuntime {
  /** A zeroed block of memory that never grows or moves. */
  allocate(bytes: number): KernelMemory;
}

/** One block of memory that WebAssembly loops and fed tensors share. */
export interface KernelMemory {
  /** The memory itself. */
  readonly buffer: ArrayBuffer;
  /** Instantiates a module that imports `env.memory`; returns its exported functions. */
  instantiate(module: Uint8Array): Readonly<Record<string, (...args: number[]) => number>>;
}
