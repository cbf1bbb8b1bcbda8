import './no-telemetry.ts';
import * as ort from 'onnxruntime-node';
import { HarrierError } from '../../../errors.ts';
import { encodeModel, type Model, modelOf, type Tensor } from '../../../onnx/index.ts';
import { createGraph } from '../../../ops/index.ts';
import type { CompileOptions, Executable, Runtime, Tensors } from '../../../runtime/index.ts';
import { disposedError } from '../../disposed.ts';
import { forGpu } from '../../gpu-limits.ts';
import { files } from '../files/files.ts';
import { createSession, engineName, fromOrt, profiled, toOrt, withSession } from './ort-session.ts';

export interface GpuRuntimeOptions {
  /** Writes ONNX Runtime's profile of every run to `<prefix>_<time>.json`. */
  profilePrefix?: string;
}

/**
 * ONNX Runtime's native WebGPU engine, which comes with it: on Vulkan, Metal or Direct3D 12. The optimizer is in the
 * graph, and weights and slots stay in buffers of the device from step to step.
 *
 * @throws HarrierError `not-supported` where it finds no device. Steps throw it when the device's memory does not suffice,
 *   and `device-lost` when the device goes away: its state is gone then.
 */
export async function gpuRuntime({ profilePrefix }: GpuRuntimeOptions = {}): Promise<Runtime> {
  // What goes wrong is thrown, in words of Harrier's.
  ort.env.logLevel = 'fatal';
  await findDevice();
  return {
    name: `${engineName()} (webgpu)`,
    target: 'webgpu',
    files,
    threads: 1,
    compile: (model, options) => compile(model, { profilePrefix, ...options }),
  };
}

/** Runs the smallest graph there is: what comes later can then be the model's fault alone. */
async function findDevice(): Promise<void> {
  const graph = createGraph('start');
  graph.output(graph.op('Neg', [graph.input('x', 'float32', [1])]), 'y');
  try {
    const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), settings());
    await session.release();
  } catch (cause) {
    throw new HarrierError('not-supported', 'ONNX Runtime finds no graphics device', {
      received: reasonOf(cause),
      next: "Use the processor, or install the device's driver (on Linux its Vulkan driver, and libvulkan1).",
      options: ['device'],
      cause,
    });
  }
}

/** What ONNX Runtime complains of, without the place in its source. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return /Failed to [^\n]*/.exec(message)?.[0] ?? message.trim();
}

async function compile(
  model: Model | Uint8Array,
  { carry = [], state = {}, where, profilePrefix }: CompileOptions & GpuRuntimeOptions,
): Promise<Executable> {
  const carried = new Map(carry.map(({ output, input }) => [output, input]));
  const session = await createSession(
    forGpu(model),
    settings({ profilePrefix, onDevice: [...carried.keys()] }),
    where,
  );
  const held = new Map<string, ort.Tensor>();
  /** Takes the place of what was held, whose memory on the device is given back. */
  const hold = (input: string, tensor: ort.Tensor): void => {
    held.get(input)?.dispose();
    held.set(input, tensor);
  };
  const writeState = (tensors: Tensors): void => {
    for (const [input, tensor] of Object.entries(tensors)) hold(input, toOrt(tensor));
  };
  writeState(state);
  let disposed = false;
  return {
    async step(feeds, into = {}) {
      if (disposed) throw disposedError(where);
      const inputs: Record<string, ort.Tensor> = Object.fromEntries(held);
      for (const [input, tensor] of Object.entries(feeds)) inputs[input] = toOrt(tensor);
      const returned: Record<string, Tensor> = {};
      for (const [output, tensor] of Object.entries(await run(session, inputs))) {
        const input = carried.get(output);
        if (input) hold(input, tensor);
        else if (into[output]) (into[output].data as Float32Array).set(tensor.data as Float32Array);
        else returned[output] = fromOrt(tensor);
      }
      return returned;
    },
    writeState,
    readState: () => read(held),
    async dispose() {
      if (disposed) return;
      disposed = true;
      for (const tensor of held.values()) tensor.dispose();
      held.clear();
      if (profilePrefix) session.endProfiling();
      await session.release();
    },
  };
}

/** @throws HarrierError `not-supported` for want of memory, `device-lost` */
async function run(
  session: ort.InferenceSession,
  inputs: Record<string, ort.Tensor>,
): Promise<ort.InferenceSession.ReturnType> {
  try {
    return await session.run(inputs);
  } catch (cause) {
    const received = reasonOf(cause).split('\n')[0];
    if (/device.*lost|lost.*device/i.test(received)) {
      throw new HarrierError(
        'device-lost',
        'the graphics device was lost, and with it the state of the run',
        {
          received,
          next: 'Resume from the last checkpoint.',
          cause,
        },
      );
    }
    // A buffer that could not be had is found out by the first operation that would use it.
    if (!/invalid due to a previous error|out.of.(device.)?memory|allocat/i.test(received)) throw cause;
    throw new HarrierError('not-supported', 'the graphics device does not have enough memory', {
      received,
      next: 'Use fewer images at once, or smaller ones.',
      options: ['microBatch', 'imageSize'],
      cause,
    });
  }
}

/**
 * Copies tensors from the device. Those of onnxruntime-node 1.30 cannot be asked for their data (the process would
 * end), but a graph's outputs come to memory where nobody wants otherwise: one that does nothing fetches them.
 */
async function read(tensors: ReadonlyMap<string, ort.Tensor>): Promise<Record<string, Tensor>> {
  const result: Record<string, Tensor> = {};
  const graph = createGraph('read');
  const inputs: Record<string, ort.Tensor> = {};
  for (const [name, tensor] of tensors) {
    if (tensor.location === 'cpu') {
      result[name] = fromOrt(tensor);
      continue;
    }
    inputs[name] = tensor;
    const { type, dims } = tensor;
    graph.output(graph.op('Identity', [graph.input(name, type as Tensor['type'], dims)]), `read/${name}`);
  }
  if (Object.keys(inputs).length === 0) return result;
  const outputs = await withSession(modelOf(graph.build()), settings(), (session) => run(session, inputs));
  for (const name of Object.keys(inputs)) result[name] = fromOrt(outputs[`read/${name}`]);
  return result;
}

interface Settings extends GpuRuntimeOptions {
  /** Outputs that stay there. */
  readonly onDevice?: readonly string[];
}

function settings({ profilePrefix, onDevice = [] }: Settings = {}): ort.InferenceSession.SessionOptions {
  return {
    // With channels last, which is its default, training goes wrong: grouped ConvTranspose with strides, and more.
    // Buffers of the same sizes come back in every step: kept, a step takes a third less time.
    executionProviders: [{ name: 'webgpu', preferredLayout: 'NCHW', storageBufferCacheMode: 'simple' }],
    logSeverityLevel: 4,
    ...(onDevice.length > 0 && {
      preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, 'gpu-buffer' as const])),
    }),
    ...profiled(profilePrefix),
  };
}
