/** A whole training step, and a whole model, on both CPU platforms. */
import { describe, expect, it } from 'vitest';
import { exportModel } from '../../src/models/index.ts';
import { numbersOf, qualifiedName } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { buildStepGraph } from '../../src/training/step-graph.ts';
import { largest, largestDifference } from '../gradients/check.ts';
import { BATCH, draw, examples, networkOf } from '../gradients/networks.ts';
import { drawWeights } from '../layers/check-layer.ts';
import { wasmRuntime } from './wasm-runtime.ts';
import { WEBGPU_EXCEPTIONS, WEBGPU_OPS } from './webgpu-ops.ts';

const TOLERANCE = 1e-5;

describe('a training step gives the same on Node and on WebAssembly', () => {
  it.each(examples)('$name', async (example) => {
    const network = networkOf(example);
    const { model, masks } = buildStepGraph(network, { batch: BATCH, target: 'cpu' });
    const feeds = draw(network, masks);
    const [expected, actual] = await Promise.all(
      [nodeRuntime({ threads: 1 }), await wasmRuntime()].map(async (runtime) => {
        const executable = await runtime.compile(model);
        const outputs = await executable.step(feeds);
        await executable.dispose();
        return outputs;
      }),
    );
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const name of Object.keys(expected)) {
      const numbers = numbersOf(expected[name]);
      const error = largestDifference(numbersOf(actual[name]), numbers) / (largest(numbers) || 1);
      expect(error, name).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

describe('an exported model gives the same on Node and on WebAssembly', () => {
  it.each(examples)('$name', async (example) => {
    const network = networkOf(example);
    const model = exportModel(network, drawWeights(network.parameters));
    const { image } = draw(network, []);
    const [expected, actual] = await Promise.all(
      [nodeRuntime({ threads: 1 }), await wasmRuntime()].map(async (runtime) => {
        const executable = await runtime.compile(model);
        const { probabilities } = await executable.step({ image });
        await executable.dispose();
        return numbersOf(probabilities);
      }),
    );
    expect(largestDifference(actual, expected)).toBeLessThanOrEqual(TOLERANCE);
  });
});

describe('a training step for WebGPU holds only ops that run there', () => {
  it.each(examples)('$name', (example) => {
    const { model } = buildStepGraph(networkOf(example), { batch: BATCH, target: 'webgpu' });
    const ops = new Set(model.graph.nodes.map(({ opType, domain }) => qualifiedName(opType, domain)));
    expect([...ops].filter((op) => !WEBGPU_OPS.has(op) && !(op in WEBGPU_EXCEPTIONS))).toEqual([]);
  });
});
