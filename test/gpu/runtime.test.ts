/** ONNX Runtime's WebGPU engine in Node: the contract of runtimes, and training steps against those of the processor. */
import { describe, expect, it } from 'vitest';
import { BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D } from '../../src/layers/index.ts';
import { Network } from '../../src/models/index.ts';
import { float32, modelOf, numbersOf } from '../../src/onnx/index.ts';
import { add, createGraph, expand } from '../../src/ops/index.ts';
import { optimizerFrom } from '../../src/optimizers/index.ts';
import { gpuRuntime } from '../../src/platform/node/engine/gpu-runtime.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import type { Runtime } from '../../src/runtime/index.ts';
import { Trainer } from '../../src/training/index.ts';
import { cases, trajectory } from '../browser/pages/training.ts';
import { runtimeContract } from '../conformance/contract.ts';
import { drawWeights } from '../layers/check-layer.ts';
import { batchOf, images, relativeDistance } from '../training/problem.ts';
import { noVulkan, softwareVulkan } from './software-vulkan.ts';

/** Of losses and weights after some steps, each of which carries the errors of those before on. */
const TOLERANCE = 1e-4;
const STEPS = 3;

describe.skipIf(noVulkan)(`the graphics device${noVulkan ? ` (${noVulkan})` : ''}`, async () => {
  Object.assign(process.env, softwareVulkan);
  const cpu = nodeRuntime({ threads: 1 });
  const gpu = noVulkan ? cpu : await gpuRuntime();

  runtimeContract(gpu);

  it('keeps the state on the device, and reads it without losing it', async () => {
    const graph = createGraph('counter');
    const next = add(graph, graph.input('total', 'float32', [2]), graph.input('x', 'float32', [2]));
    graph.output(next, 'next');
    const executable = await gpu.compile(modelOf(graph.build()), {
      carry: [{ output: 'next', input: 'total' }],
      state: { total: float32([2], [0, 10]) },
    });
    for (const expected of [
      [1, 12],
      [2, 14],
      [3, 16],
    ]) {
      expect(await executable.step({ x: float32([2], [1, 2]) })).toEqual({});
      for (const _ of ['once', 'and again']) {
        expect(numbersOf((await executable.readState()).total)).toEqual(expected);
      }
    }
    await executable.dispose();
  });

  it('says that its memory does not suffice, and goes on with what fits', async () => {
    const negated = async (rows: number, columns: number) => {
      const graph = createGraph('large');
      const large = expand(graph, graph.input('x', 'float32', [1, 1]), [rows, columns]);
      graph.output(graph.op('ReduceMax', [graph.op('Neg', [large])], { keepdims: 0 }), 'y');
      const executable = await gpu.compile(modelOf(graph.build()));
      try {
        return numbersOf((await executable.step({ x: float32([1, 1], [3]) })).y);
      } finally {
        await executable.dispose();
      }
    };
    // Five gigabytes in one piece, where WebGPU's buffers have four at most.
    await expect(negated(1024, 1_310_720)).rejects.toThrow(
      /^the graphics device does not have enough memory: received .*\. Use fewer images at once, or smaller ones/,
    );
    expect(await negated(16, 16)).toEqual([-3]);
  });

  it.each(Object.keys(cases))(
    `${STEPS} steps lead to the same weights as on the processor: %s`,
    async (name) => {
      const [expected, actual] = [await trajectory(cpu, name, STEPS), await trajectory(gpu, name, STEPS)];
      expect(relativeDistance(actual.losses, expected.losses)).toBeLessThanOrEqual(TOLERANCE);
      for (const [parameter, values] of Object.entries(expected.weights)) {
        expect(relativeDistance(actual.weights[parameter], values), parameter).toBeLessThanOrEqual(TOLERANCE);
      }
    },
  );

  describe('a batch in parts', () => {
    const data = images(10, 6, 5);
    const { pixels, targets } = batchOf(data, [0, 1, 2, 3, 4, 5]);
    const after = async (runtime: Runtime, steps: number) => {
      const network = new Network({
        inputShape: [6, 5, 3],
        layers: [
          new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', useBias: false }),
          new MaxPooling2D(),
          new BatchNormalization({ momentum: 0.7 }),
          new Flatten(),
          new Dense({ units: 3 }),
        ],
      });
      const trainer = new Trainer({
        network,
        optimizer: optimizerFrom({ name: 'Muon', momentum: 0.6 }),
        runtime,
        seed: 4,
        weights: drawWeights(network.parameters),
        microBatch: 4,
        averageMomentum: 0.5,
      });
      for (let step = 0; step < steps; step++) await trainer.step(pixels, targets, step, 0.01);
      const state = await trainer.read();
      await trainer.dispose();
      return new Map([...state.weights, ...state.slots]);
    };

    it('takes the same steps as on the processor', async () => {
      const [expected, actual] = [await after(cpu, 3), await after(gpu, 3)];
      expect([...actual.keys()]).toEqual([...expected.keys()]);
      for (const [name, values] of expected) {
        expect(relativeDistance(actual.get(name)!, values), name).toBeLessThanOrEqual(TOLERANCE);
      }
    });
  });
});
