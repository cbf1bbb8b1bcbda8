/** The training step of whole networks against differences of the same networks in float64. */
import { describe, expect, it } from 'vitest';
import { numbersOf } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { buildStepGraph, CORRECT, LOSS } from '../../src/training/step-graph.ts';
import { gradientName } from '../../src/training/updates.ts';
import type { OracleTensor } from '../oracle/index.ts';
import { map } from '../oracle/tensor.ts';
import { SEED } from './check.ts';
import { BATCH, CLASSES, draw, examples, networkOf, run, type Values } from './networks.ts';

/** Small, so that no ReLU and no maximum changes sides on the way. */
const STEP = 1e-6;
const TOLERANCE = 2e-5;

function crossentropy(scores: OracleTensor, targets: Float64Array, smoothing: number): number {
  const logarithms = run('LogSoftmax', [scores]).data;
  return (
    -logarithms.reduce(
      (sum, value, i) => sum + value * ((1 - smoothing) * targets[i] + smoothing / CLASSES),
      0,
    ) / BATCH
  );
}

describe.each(['cpu', 'webgpu'] as const)('the training step, lowered for %s', (target) => {
  for (const example of examples) {
    const { name, labelSmoothing = 0, forward } = example;
    it(`${name} (seed ${SEED})`, async () => {
      const network = networkOf(example);
      const { model, masks } = buildStepGraph(network, { batch: BATCH, target, loss: { labelSmoothing } });
      const feeds = draw(network, masks);
      const executable = await nodeRuntime({ threads: 1 }).compile(model);
      const outputs = await executable.step(feeds);
      await executable.dispose();

      const values: Record<string, OracleTensor> = Object.fromEntries(
        Object.entries(feeds).map(([key, t]) => [
          key,
          { dims: [...t.dims], data: Float64Array.from(numbersOf(t)) },
        ]),
      );
      const pixels = map(run('Transpose', [values.image], { perm: [0, 3, 1, 2] }), (pixel) => pixel / 255);
      const lossOf = (given: Values): number =>
        crossentropy(forward(pixels, given), values.targets.data, labelSmoothing);

      expect(numbersOf(outputs[LOSS])[0]).toBeCloseTo(lossOf(values), 5);
      const scores = run('ArgMax', [forward(pixels, values)], { axis: 1, keepdims: 0 }).data;
      expect(numbersOf(outputs[CORRECT])[0]).toBe(scores.filter((best, i) => best === i).length);

      for (const { name, trainable } of network.parameters) {
        if (!trainable) continue;
        const actual = numbersOf(outputs[gradientName(name)]);
        const expected = Array.from(values[name].data, (value, i) => {
          const moved = (by: number): number => {
            const { dims, data } = values[name];
            return lossOf({ ...values, [name]: { dims, data: data.with(i, value + by) } });
          };
          return (moved(STEP) - moved(-STEP)) / (2 * STEP);
        });
        const size = Math.max(...expected.map(Math.abs));
        expect(size, `${name} has a gradient`).toBeGreaterThan(1e-3);
        const error = Math.max(...actual.map((value, i) => Math.abs(value - expected[i])));
        expect(error / size, `${name}: [${actual}], not [${expected}]`).toBeLessThanOrEqual(TOLERANCE);
        expect(actual).toHaveLength(expected.length);
      }
    });
  }
});
