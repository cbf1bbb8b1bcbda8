import * as ort from 'onnxruntime-node';
import { HarrierError } from '../../../errors.ts';
import { encodeModel, type Model, type Tensor, type TensorData } from '../../../onnx/index.ts';

/** Such as `onnxruntime-node 1.30.0`. */
export function engineName(): string {
  return `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}`;
}

/** @throws HarrierError `bad-graph` when ONNX Runtime refuses the model */
export async function createSession(
  model: Model | Uint8Array,
  options: ort.InferenceSession.SessionOptions,
): Promise<ort.InferenceSession> {
  const bytes = model instanceof Uint8Array ? model : encodeModel(model);
  try {
    return await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'all', ...options });
  } catch (cause) {
    throw new HarrierError('bad-graph', 'ONNX Runtime refuses this model', {
      ...(model instanceof Uint8Array ? {} : { where: model.graph.name }),
      received: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

export function toOrt({ type, data, dims }: Tensor): ort.Tensor {
  return new ort.Tensor(type as 'float32', data as Float32Array, dims as number[]);
}

export function fromOrt(tensor: ort.Tensor): Tensor {
  return { type: tensor.type as Tensor['type'], dims: tensor.dims, data: tensor.data as TensorData };
}

/** Session options that write a profile, where one is wanted. */
export function profiled(prefix: string | undefined): ort.InferenceSession.SessionOptions {
  return prefix ? { enableProfiling: true, profileFilePrefix: prefix } : {};
}
