/** The training step of whole networks against differences of the same networks in float64. */
import { describe, expect, it } from 'vitest';
import type { Network } from '../../src/models/index.ts';
import { numbersOf } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import type { Tensors } from '../../src/runtime/index.ts';
import { buildStepGraph, CORRECT, LOSS } from '../../src/training/step-graph.ts';
import { gradientName } from '../../src/training/updates.ts';
import type { OracleTensor } from '../oracle/index.ts';
import { map } from '../oracle/tensor.ts';
import { SEED } from './check.ts';
import { BATCH, CLASSES, draw, type Example, examples, networkOf, run, type Values } from './networks.ts';

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

/** What a step should find, in float64. */
interface Expected {
  readonly loss: number;
  readonly correct: number;
  /** By parameter. */
  readonly gradients: ReadonlyMap<string, readonly number[]>;
}

/** Differences take long, and are the same for all targets. */
const known = new Map<string, Expected>();

function expectedOf(
  { name, labelSmoothing = 0, forward }: Example,
  network: Network,
  feeds: Tensors,
): Expected {
  const key = `${name} ${JSON.stringify(Object.entries(feeds).map(([key, t]) => [key, [...numbersOf(t)]]))}`;
  const found = known.get(key);
  if (found) return found;
  const values: Record<string, OracleTensor> = Object.fromEntries(
    Object.entries(feeds).map(([key, t]) => [
      key,
      { dims: [...t.dims], data: Float64Array.from(numbersOf(t)) },
    ]),
  );
  const pixels = map(run('Transpose', [values.image], { perm: [0, 3, 1, 2] }), (pixel) => pixel / 255);
  const lossOf = (given: Values): number =>
    crossentropy(forward(pixels, given), values.targets.data, labelSmoothing);
  const scores = run('ArgMax', [forward(pixels, values)], { axis: 1, keepdims: 0 }).data;
  const gradients = network.parameters
    .filter(({ trainable }) => trainable)
    .map(({ name }): [string, number[]] => [
      name,
      Array.from(values[name].data, (value, i) => {
        const moved = (by: number): number => {
          const { dims, data } = values[name];
          return lossOf({ ...values, [name]: { dims, data: data.with(i, value + by) } });
        };
        return (moved(STEP) - moved(-STEP)) / (2 * STEP);
      }),
    ]);
  const expected = {
    loss: lossOf(values),
    correct: scores.filter((best, i) => best === i).length,
    gradients: new Map(gradients),
  };
  known.set(key, expected);
  return expected;
}

describe.each(['cpu', 'webgpu'] as const)('the training step, lowered for %s', (target) => {
  for (const example of examples) {
    const { name, labelSmoothing = 0 } = example;
    it(`${name} (seed ${SEED})`, async () => {
      const network = networkOf(example);
      const { model, masks } = buildStepGraph(network, { batch: BATCH, target, loss: { labelSmoothing } });
      const feeds = draw(network, masks);
      const executable = await nodeRuntime({ threads: 1 }).compile(model);
      const outputs = await executable.step(feeds);
      await executable.dispose();

      const { loss, correct, gradients } = expectedOf(example, network, feeds);
      expect(numbersOf(outputs[LOSS])[0]).toBeCloseTo(loss, 5);
      expect(numbersOf(outputs[CORRECT])[0]).toBe(correct);
      for (const [name, expected] of gradients) {
        const actual = numbersOf(outputs[gradientName(name)]);
        const size = Math.max(...expected.map(Math.abs));
        expect(size, `${name} has a gradient`).toBeGreaterThan(1e-3);
        const error = Math.max(...actual.map((value, i) => Math.abs(value - expected[i])));
        expect(error / size, `${name}: [${actual}], not [${expected}]`).toBeLessThanOrEqual(TOLERANCE);
        expect(actual).toHaveLength(expected.length);
      }
    });
  }
});
