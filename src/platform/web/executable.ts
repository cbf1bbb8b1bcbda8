import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web/wasm';
import { HarrierError } from '../../errors.ts';
import { encodeModel, type Model, type Tensor, type TensorData } from '../../onnx/index.ts';
import type { CompileOptions, Executable, Tensors } from '../../runtime/index.ts';
import { disposedError } from '../disposed.ts';
import { forGpu } from '../gpu-limits.ts';
import type { Gpu } from './gpu.ts';
import type { Loaded, OnnxRuntime } from './onnxruntime.ts';

/** Prepares a model: on the processor, or on the graphics device if there is one. */
export async function compile(
  { ort, inTurn }: Loaded,
  gpu: Gpu | undefined,
  model: Model | Uint8Array,
  { carry = [], state = {}, where }: CompileOptions = {},
): Promise<Executable> {
  const guarded = <T>(work: () => Promise<T>): Promise<T> =>
    gpu ? gpu.unlessLost(() => inTurn(() => onDevice(gpu, work))) : inTurn(work);
  const suited = gpu ? forGpu(model) : model;
  const carried = new Map(carry.map(({ output, input }) => [output, input]));
  const session = await guarded(() =>
    createSession(ort, suited, gpu, { onDevice: [...carried.keys()], where }),
  );
  const held = new Map<string, OrtTensor>();
  /** Takes the place of what was held, which is given back if it is on the device. */
  const hold = (input: string, tensor: OrtTensor): void => {
    const before = held.get(input);
    if (before?.location === 'gpu-buffer') before.dispose();
    held.set(input, tensor);
  };
  const writeState = (tensors: Tensors): void => {
    for (const [input, tensor] of Object.entries(tensors)) hold(input, toOrt(ort, tensor));
  };
  writeState(state);
  let disposed = false;
  return {
    async step(feeds, into = {}) {
      if (disposed) throw disposedError(where);
      const inputs: Record<string, OrtTensor> = Object.fromEntries(held);
      for (const [input, tensor] of Object.entries(feeds)) inputs[input] = toOrt(ort, tensor);
      const outputs = await guarded(() => run(session, inputs, where));
      const returned: Record<string, Tensor> = {};
      for (const [output, tensor] of Object.entries(outputs)) {
        const input = carried.get(output);
        if (input) hold(input, tensor);
        else if (into[output]) moveInto(tensor.data as Float32Array, into[output].data as Float32Array);
        else returned[output] = fromOrt(tensor);
      }
      return returned;
    },
    writeState,
    async readState() {
      const read: Record<string, Tensor> = {};
      for (const [input, tensor] of held) {
        // From then on it lies in memory, and goes to the device again with the next step.
        await guarded(() => tensor.getData(true));
        read[input] = fromOrt(tensor);
      }
      return read;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      if (gpu?.isLost) return;
      await guarded(async () => {
        for (const tensor of held.values()) tensor.dispose();
        held.clear();
        await session.release();
      });
    },
  };
}

/** What fails may be told of by ONNX Runtime before the news of its device come. */
const NEWS_MS = 500;

/**
 * Works on the device as long as it is there, and ends at once when it is lost: ONNX Runtime itself may then wait for
 * ever, and let nothing else run meanwhile.
 */
async function onDevice<T>(gpu: Gpu, work: () => Promise<T>): Promise<T> {
  try {
    return await gpu.unlessLost(work);
  } catch (cause) {
    await gpu.unlessLost(() => new Promise((resolve) => setTimeout(resolve, NEWS_MS)));
    throw cause;
  }
}

async function createSession(
  ort: OnnxRuntime,
  model: Model | Uint8Array,
  gpu: Gpu | undefined,
  { onDevice, where }: { onDevice: readonly string[]; where: string | undefined },
): Promise<InferenceSession> {
  const bytes = model instanceof Uint8Array ? model : encodeModel(model);
  try {
    return await ort.InferenceSession.create(bytes, {
      // With channels last, its grouped ConvTranspose with strides is wrong.
      executionProviders: [
        gpu ? { name: 'webgpu', device: gpu.device as GPUDevice, preferredLayout: 'NCHW' } : 'wasm',
      ],
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      ...(gpu && onDevice.length > 0
        ? {
            preferredOutputLocation: Object.fromEntries(
              onDevice.map((name) => [name, 'gpu-buffer' as const]),
            ),
          }
        : {}),
    });
  } catch (cause) {
    throw new HarrierError('bad-graph', 'ONNX Runtime rejects this model', {
      where: where ?? (model instanceof Uint8Array ? undefined : model.graph.name),
      received: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

async function run(
  session: InferenceSession,
  inputs: Record<string, OrtTensor>,
  where: string | undefined,
): Promise<InferenceSession.ReturnType> {
  try {
    return await session.run(inputs);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!/bad_alloc|out of memory|OOM|allocation failed|failed to allocate/i.test(message)) {
      if (where === undefined) throw cause;
      throw new HarrierError('bad-graph', 'ONNX Runtime cannot run this model', {
        where,
        received: message.split('\n')[0],
        next: 'The model is damaged, or its sizes do not fit each other.',
        cause,
      });
    }
    throw new HarrierError('not-supported', 'the browser does not have enough memory', {
      received: message,
      next: 'Use fewer images at once, or smaller ones.',
      options: ['batchSize', 'imageSize'],
      cause,
    });
  }
}

/** ONNX Runtime gives a new array at each step; it is freed at once, before many of them pile up. */
function moveInto(from: Float32Array, to: Float32Array): void {
  to.set(from);
  // Not in every browser yet; there the garbage collector has to.
  (from.buffer as ArrayBuffer & { transfer?(bytes: number): ArrayBuffer }).transfer?.(0);
}

function toOrt(ort: OnnxRuntime, { type, data, dims }: Tensor): OrtTensor {
  return new ort.Tensor(type as 'float32', data as Float32Array, dims as number[]);
}

function fromOrt(tensor: OrtTensor): Tensor {
  return { type: tensor.type as Tensor['type'], dims: tensor.dims, data: tensor.data as TensorData };
}
