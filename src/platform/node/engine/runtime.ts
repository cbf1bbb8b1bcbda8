import { availableParallelism } from 'node:os';
import type * as ort from 'onnxruntime-node';
import type { Model, Tensor } from '../../../onnx/index.ts';
import { COUNT } from '../../../options/range.ts';
import { checkNumber } from '../../../options/values.ts';
import type { CompileOptions, Executable, Runtime, Tensors } from '../../../runtime/index.ts';
import { disposedError } from '../../disposed.ts';
import { allocateKernelMemory } from '../../kernel-memory.ts';
import { files } from '../files/files.ts';
import { convolutionBlock } from './convolution-block.ts';
import { defaultThreads } from './default-threads.ts';
import { freeMemory } from './free-memory.ts';
import { createSession, engineName, fromOrt, profiled, runSession, toOrt } from './ort-session.ts';

/** Options of `nodeRuntime`. */
export interface NodeRuntimeOptions {
  /** Threads of one operation. Default: `defaultThreads`. More than there are cores are slower, so no more are used. */
  threads?: number;
  /** Writes ONNX Runtime's profile of every run to `<prefix>_<time>.json`. */
  profilePrefix?: string;
  /** Leaves unwanted copies to the garbage collector, to measure what that costs (bench/decisions.ts). Default false. */
  keepCopies?: boolean;
}

/**
 * ONNX Runtime's native CPU engine.
 * @throws HarrierError `bad-option` for `threads` that are no whole number from 1
 */
export function nodeRuntime({
  threads: wanted = defaultThreads(),
  profilePrefix,
  keepCopies = false,
}: NodeRuntimeOptions = {}): Runtime {
  const threads = Math.min(checkNumber('nodeRuntime', 'threads', wanted, COUNT), availableParallelism());
  return {
    name: engineName(),
    target: 'cpu',
    threads,
    freeMemory,
    compile: (model, options) => compile(model, { threads, profilePrefix, keepCopies, ...options }),
    convolutionBlock,
    kernels: { allocate: allocateKernelMemory },
    files,
  };
}

async function compile(
  model: Model | Uint8Array,
  { carry = [], state = {}, where, threads, profilePrefix, keepCopies }: CompileOptions & NodeRuntimeOptions,
): Promise<Executable> {
  const session = await createSession(
    model,
    {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // Errors are thrown: their text in the terminal would only say so twice.
      logSeverityLevel: 4,
      ...profiled(profilePrefix),
    },
    where,
  );
  const carried = new Map(carry.map(({ output, input }) => [output, input]));
  const held: Record<string, ort.Tensor> = {};
  const writeState = (tensors: Tensors): void => {
    for (const [input, tensor] of Object.entries(tensors)) held[input] = toOrt(tensor);
  };
  writeState(state);
  let disposed = false;
  return {
    async step(feeds, into = {}) {
      if (disposed) throw disposedError(where);
      const inputs: Record<string, ort.Tensor> = { ...held };
      for (const [input, tensor] of Object.entries(feeds)) inputs[input] = toOrt(tensor);
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const output of session.outputNames) fetches[output] = into[output] ? toOrt(into[output]) : null;
      const outputs = await runSession(session, inputs, fetches, where);
      const returned: Record<string, Tensor> = {};
      for (const [output, tensor] of Object.entries(outputs)) {
        const input = carried.get(output);
        if (input) held[input] = tensor;
        else if (!into[output]) returned[output] = fromOrt(tensor);
        // A preallocated output is written in place, and a copy of it comes back as well.
        else if (!keepCopies) discard(tensor.data as Float32Array);
      }
      return returned;
    },
    writeState,
    async readState() {
      return Object.fromEntries(Object.entries(held).map(([input, tensor]) => [input, fromOrt(tensor)]));
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      if (profilePrefix) session.endProfiling();
      await session.release();
    },
  };
}

const { port1: closedPort } = new MessageChannel();
closedPort.close();

/**
 * Frees an array's memory at once. Left to the garbage collector, the unwanted copies of one training step after
 * another pile up, and every new one takes fresh pages from the system: 8 of 19 ms of a step with 17 MB of gradients.
 * A buffer that is sent to a closed port goes nowhere and is freed (Node 20 has no ArrayBuffer.prototype.transfer).
 */
function discard({ buffer }: Float32Array): void {
  closedPort.postMessage(undefined, [buffer as ArrayBuffer]);
}
