/** Every graph of the gradient table, lowered, on every platform. */
import { describe, expect, it } from 'vitest';
import {
  float32,
  type Graph,
  HARRIER_DOMAIN,
  modelOf,
  numbersOf,
  qualifiedName,
} from '../../src/onnx/index.ts';
import type { Target } from '../../src/passes/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import type { Runtime, Tensors } from '../../src/runtime/index.ts';
import { checkGradients, largest, largestDifference, normal } from '../gradients/check.ts';
import { feedsOf, loweredGradientGraph, type Problem } from '../gradients/problem.ts';
import { problemOf, rows } from '../gradients/table.ts';
import type { OracleCase } from '../oracle/cases.ts';
import { wasmRuntime } from './wasm-runtime.ts';
import { WEBGPU_EXCEPTIONS, WEBGPU_OPS } from './webgpu-ops.ts';

/** Largest difference between two platforms, relative to the largest element of an output. */
const TOLERANCE = 1e-5;

const node = nodeRuntime({ threads: 1 });
const wasm = await wasmRuntime();

async function runOn(runtime: Runtime, problem: Problem, graph: Graph): Promise<Tensors> {
  const executable = await runtime.compile(modelOf(graph));
  const { dims, data } = problem.reference(problem.inputs);
  const weights = float32(dims, Float32Array.from(normal(data.length, 'conformance')));
  try {
    return await executable.step({ ...feedsOf(problem), weights });
  } finally {
    await executable.dispose();
  }
}

const opsOf = (graph: Graph): string[] => [
  ...new Set(graph.nodes.map((n) => qualifiedName(n.opType, n.domain))),
];

describe(`lowered for cpu: ${node.name} and ${wasm.name} agree`, () => {
  for (const row of rows) {
    if (row.notInRuntime) continue;
    const problem = problemOf(row);
    const refused = droppedWindow(row, problem);
    it.skipIf(refused)(
      `${problem.name}${refused ? ' (wasm counts a window that starts in the padding)' : ''}`,
      async () => {
        const graph = loweredGradientGraph(problem, 'cpu');
        const expected = await runOn(node, problem, graph);
        const actual = await runOn(wasm, problem, graph);
        expect(Object.keys(actual)).toEqual(Object.keys(expected));
        for (const [name, { dims, data }] of Object.entries(expected)) {
          expect(actual[name].dims, name).toEqual(dims);
          // What is summed may cancel out: then its own size is none.
          const summed =
            name === 'y' ? Math.max(...problem.inputs.map((input) => (input ? largest(input.data) : 0))) : 0;
          const scale = Math.max(largest(data as Float32Array), summed) || 1;
          const error = largestDifference(numbersOf(actual[name]), numbersOf(expected[name]));
          expect(error / scale, `${name}: [${actual[name].data}], not [${data}]`).toBeLessThanOrEqual(
            TOLERANCE,
          );
        }
      },
    );
  }
});

describe('lowered for webgpu', () => {
  for (const row of rows) {
    if (row.notInRuntime) continue;
    const problem = problemOf(row);
    // Training mode of ONNX's own op has no WebGPU kernel; layers use BatchNormalizationTraining.
    const nativeTraining = row.op === 'BatchNormalization' && row.attributes.training_mode === 1;
    // The arithmetic itself is the same on any device, so the CPU can vouch for it.
    it(`the gradients are right: ${problem.name}`, async () => {
      expect(await checkGradients(problem, node, 'webgpu')).toEqual([]);
    });
    it.skipIf(nativeTraining)(`only ops that run on the GPU: ${problem.name}`, () => {
      const graph = loweredGradientGraph(problem, 'webgpu');
      const foreign = opsOf(graph).filter((op) => !WEBGPU_OPS.has(op) && !(op in WEBGPU_EXCEPTIONS));
      expect(foreign).toEqual([]);
      expect(graph.nodes.filter(unsafeOnGpu).map(({ name }) => name)).toEqual([]);
    });
  }
});

/**
 * Whether ceil_mode would make a window that starts in the end padding. ONNX leaves it out and so does every kernel,
 * but the shape inference of the WebAssembly build counts it, and refuses the graph.
 */
function droppedWindow({ attributes }: OracleCase, problem: Problem): boolean {
  if (attributes.ceil_mode !== 1 || 'auto_pad' in attributes) return false;
  const list = (name: string, otherwise: number[]) => (attributes[name] ?? otherwise) as readonly number[];
  const size = problem.inputs[0]!.dims.slice(2);
  const kernel = list('kernel_shape', []);
  const ones = kernel.map(() => 1);
  const pads = list(
    'pads',
    [...kernel, ...kernel].map(() => 0),
  );
  const windows = problem.reference(problem.inputs).dims.slice(2);
  return windows.some((count, i) => {
    const extent = (kernel[i] - 1) * list('dilations', ones)[i] + 1;
    const steps = (size[i] + pads[i] + pads[i + kernel.length] - extent) / list('strides', ones)[i];
    return count !== Math.ceil(steps) + 1;
  });
}

/** Known to be wrong or refused there. */
function unsafeOnGpu({ opType, inputs, outputs, attributes }: Graph['nodes'][number]): boolean {
  if (opType === 'MaxPool') return outputs.length > 1;
  if (opType === 'BatchNormalization') return attributes.training_mode === 1;
  if (opType === 'Dropout') return inputs.length > 2;
  return false;
}

describe('what lower leaves', () => {
  for (const target of ['cpu', 'webgpu'] satisfies Target[]) {
    it(`for ${target} holds no op of Harrier's own`, () => {
      const own = rows.filter((row) =>
        loweredGradientGraph(problemOf(row), target).nodes.some(({ domain }) => domain === HARRIER_DOMAIN),
      );
      expect(own).toEqual([]);
    });
  }
});
