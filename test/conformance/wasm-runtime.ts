/** ONNX Runtime's WebAssembly build in Node: the engine that browsers run, on one thread. */
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { HarrierError } from '../../src/errors.ts';
import { encodeModel, type Tensor, type TensorData } from '../../src/onnx/index.ts';
import type { Runtime } from '../../src/runtime/index.ts';

export function wasmRuntime(): Runtime {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary ??= new Uint8Array(
    readFileSync(new URL(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))),
  ).buffer;
  return {
    name: `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common} (wasm)`,
    target: 'cpu',
    threads: 1,
    async compile(model, { carry = [], state = {} } = {}) {
      const session =
        model instanceof Uint8Array
          ? await createSession(model, 'model')
          : await createSession(encodeModel(model), model.graph.name);
      const held: Record<string, Tensor> = { ...state };
      const carried = new Map(carry.map(({ output, input }) => [output, input]));
      return {
        async step(feeds, into = {}) {
          const inputs = Object.entries({ ...held, ...feeds }).map(([name, tensor]) => [name, toOrt(tensor)]);
          const outputs = await session.run(Object.fromEntries(inputs));
          const returned: Record<string, Tensor> = {};
          for (const [name, output] of Object.entries(outputs)) {
            const tensor = fromOrt(output);
            const input = carried.get(name);
            if (input) held[input] = tensor;
            else if (into[name]) (into[name].data as Float32Array).set(tensor.data as Float32Array);
            else returned[name] = tensor;
          }
          return returned;
        },
        writeState: (tensors) => void Object.assign(held, tensors),
        readState: async () => ({ ...held }),
        dispose: () => session.release(),
      };
    },
  };
}

async function createSession(bytes: Uint8Array, name: string): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'all', logSeverityLevel: 4 });
  } catch (cause) {
    throw new HarrierError('bad-graph', 'ONNX Runtime refuses this model', {
      where: name,
      received: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

function toOrt({ type, data, dims }: Tensor): ort.Tensor {
  return new ort.Tensor(type as 'float32', data as Float32Array, dims as number[]);
}

function fromOrt(tensor: ort.Tensor): Tensor {
  return { type: tensor.type as Tensor['type'], dims: tensor.dims, data: tensor.data as TensorData };
}
