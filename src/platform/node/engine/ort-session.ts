import './no-telemetry.ts';
import * as ort from 'onnxruntime-node';
import { HarrierError } from '../../../errors.ts';
import { encodeModel, type Model, type Tensor, type TensorData } from '../../../onnx/index.ts';
import { unshared } from '../../unshared.ts';
import { releasedLast } from './released-last.ts';

/** Such as `onnxruntime-node 1.30.0`. */
export function engineName(): string {
  return `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}`;
}

/**
 * @param where what to call the model in errors; by default what its graph is called
 * @throws HarrierError `bad-graph` when ONNX Runtime refuses the model
 */
export async function createSession(
  model: Model | Uint8Array,
  options: ort.InferenceSession.SessionOptions,
  where?: string,
): Promise<ort.InferenceSession> {
  const bytes = model instanceof Uint8Array ? model : encodeModel(model);
  try {
    const session = await ort.InferenceSession.create(unshared(bytes), {
      graphOptimizationLevel: 'all',
      ...options,
    });
    return releasedLast(session);
  } catch (cause) {
    throw new HarrierError('bad-graph', 'ONNX Runtime rejects this model', {
      where: where ?? (model instanceof Uint8Array ? undefined : model.graph.name),
      received: reasonOf(cause),
      cause,
    });
  }
}

/**
 * Runs a session.
 * @param where the file of a model that is not Harrier's own
 * @throws HarrierError `bad-graph` when ONNX Runtime cannot run such a model
 */
export async function runSession(
  session: ort.InferenceSession,
  feeds: Record<string, ort.Tensor>,
  fetches: Record<string, ort.Tensor | null>,
  where: string | undefined,
): Promise<ort.InferenceSession.ReturnType> {
  try {
    return await session.run(feeds, fetches);
  } catch (cause) {
    if (where === undefined) throw cause;
    throw new HarrierError('bad-graph', 'ONNX Runtime cannot run this model', {
      where,
      received: reasonOf(cause),
      next: 'The model is damaged, or its sizes do not fit each other.',
      cause,
    });
  }
}

/** Why ONNX Runtime refuses, without the place in its source. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message
    .replace(/\S*\/onnxruntime\/\S+:\d+ [^\n]*?\) ?/g, '')
    .split('\n')[0]
    .trim();
}

/**
 * Uses a session once, and gives its memory back whether that succeeds or not.
 *
 * @throws HarrierError `bad-graph` when ONNX Runtime refuses the model; whatever `use` throws
 */
export async function withSession<T>(
  model: Model | Uint8Array,
  options: ort.InferenceSession.SessionOptions,
  use: (session: ort.InferenceSession) => Promise<T>,
): Promise<T> {
  const session = await createSession(model, options);
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

export function toOrt({ type, data, dims }: Tensor): ort.Tensor {
  return new ort.Tensor(type as 'float32', unshared(data as Float32Array), dims as number[]);
}

export function fromOrt(tensor: ort.Tensor): Tensor {
  return { type: tensor.type as Tensor['type'], dims: tensor.dims, data: tensor.data as TensorData };
}

/** Session options that write a profile, where one is wanted. */
export function profiled(prefix: string | undefined): ort.InferenceSession.SessionOptions {
  return prefix ? { enableProfiling: true, profileFilePrefix: prefix } : {};
}
