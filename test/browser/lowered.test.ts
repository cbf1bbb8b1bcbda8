/** Gradients of every op on WebGPU itself, against the same graph on the processor. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, type Graph, modelOf, numbersOf } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import type { Runtime } from '../../src/runtime/index.ts';
import { largest, largestDifference, normal } from '../gradients/check.ts';
import { feedsOf, loweredGradientGraph, type Problem } from '../gradients/problem.ts';
import { problemOf, rows } from '../gradients/table.ts';
import { opOf } from '../oracle/cases.ts';
import { closeTestBrowser, noChromium } from './browser.ts';
import { type RemoteRuntime, remoteRuntime } from './remote-runtime.ts';

/** Relative to the largest element of an output. */
const TOLERANCE = 1e-4;

/** WGSL allows sine and cosine an absolute error of 2⁻¹¹ (WGSL, "Accuracy of Built-in Functions"). */
const LESS_ACCURATE: Readonly<Record<string, number>> = { Sin: 2 ** -11, Cos: 2 ** -11 };

/** What ONNX Runtime 1.30 gets wrong or refuses there, and no network of Harrier's holds. */
const REFUSED: Readonly<Record<string, string>> = {
  Dropout: 'outside training it is left where it is, and no session comes of it',
  BatchNormalization: "its training mode has no kernel; layers use Harrier's own",
};

const firstOfEachOp = rows.filter((row, i) => {
  if (row.notInRuntime || opOf(row) in REFUSED) return false;
  return rows.findIndex((other) => opOf(other) === opOf(row)) === i;
});
/** Where kernels have been wrong: groups with strides, rows instead of images. */
const delicate = rows.filter(
  ({ op, attributes, inputs }) =>
    (op === 'Conv' && Number(attributes.group) > 1 && 'strides' in attributes) ||
    (op === 'BatchNormalizationTraining' && inputs[0]?.dims.length === 2),
);

async function runOn(runtime: Runtime, problem: Problem, graph: Graph) {
  const executable = await runtime.compile(modelOf(graph));
  const { dims, data } = problem.reference(problem.inputs);
  const weights = float32(dims, Float32Array.from(normal(data.length, 'conformance')));
  try {
    return await executable.step({ ...feedsOf(problem), weights });
  } finally {
    await executable.dispose();
  }
}

describe.skipIf(noChromium)(`WebGPU in Chromium${noChromium ? ` (${noChromium})` : ''}`, () => {
  const node = nodeRuntime({ threads: 1 });
  let gpu: RemoteRuntime;
  beforeAll(async () => {
    gpu = await remoteRuntime({ backend: 'webgpu' });
  });
  afterAll(async () => {
    await gpu?.page.close();
    await closeTestBrowser();
  });

  const problems = [...new Set([...firstOfEachOp, ...delicate])].map((row) => ({
    problem: problemOf(row),
    name: problemOf(row).name,
    tolerance: LESS_ACCURATE[opOf(row)] ?? TOLERANCE,
  }));
  it.each(problems)('$name', async ({ problem, tolerance }) => {
    const graph = loweredGradientGraph(problem, 'webgpu');
    const expected = await runOn(node, problem, graph);
    const actual = await runOn(gpu, problem, graph);
    for (const [name, tensor] of Object.entries(expected)) {
      const numbers = numbersOf(tensor);
      // What is summed may cancel out: then its own size is none.
      const summed =
        name === 'y' ? Math.max(...problem.inputs.map((input) => (input ? largest(input.data) : 0))) : 0;
      const error = largestDifference(numbersOf(actual[name]), numbers);
      expect(error / (Math.max(largest(numbers), summed) || 1), name).toBeLessThanOrEqual(tolerance);
    }
  });
});
