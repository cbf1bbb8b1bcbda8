/** Groups of parameters whose learning rate has come to its end at 0. */
import { describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { BatchNormalization, Conv2D, Dense, Flatten } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { Adam, optimizerFrom, polynomialDecay, SGD, settledIn, withGroups } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import type { Runtime } from '../runtime/index.ts';
import { fit } from './fit.ts';
import type { FitOptions } from './fit-options.ts';

const runtime = nodeRuntime({ threads: 1 });
const falling = (endLearningRate: number, fraction: number) =>
  polynomialDecay({ initialLearningRate: 0.1, endLearningRate, decaySteps: { fraction } });

/** Runs whose first layer learns for the first half, with the gradients that each graph of theirs gives. */
async function trained(end: number, more: Partial<FitOptions> = {}, on: Runtime = runtime) {
  const graphs: string[][] = [];
  const watched: Runtime = {
    ...on,
    compile(model, options) {
      const names = 'graph' in model ? model.graph.outputs.map(({ name }) => name) : [];
      const gradients = names.filter((name) => name.startsWith('gradient/'));
      if (names.includes('loss')) graphs.push(gradients);
      return on.compile(model, options);
    },
  };
  const network = new Network({
    inputShape: [5, 4, 3],
    layers: [
      new Conv2D({ filters: 3, kernelSize: 3, name: 'first' }),
      new BatchNormalization({ name: 'norm' }),
      new Flatten(),
      new Dense({ units: 3, activation: 'softmax', name: 'last' }),
    ],
  });
  const first = new SGD({ learningRate: falling(end, 0.5), momentum: 0.9, weightDecay: 0.1, clipNorm: 1 });
  const result = await fit({
    network,
    optimizer: withGroups(new Adam({ learningRate: 0.01 }), [{ parameters: ['first/*'], optimizer: first }]),
    runtime: watched,
    train: images(24, 5, 4),
    epochs: 2,
    batchSize: 8,
    seed: 5,
    clock: () => 0,
    ...more,
  });
  return { weights: [...result.weights], graphs };
}

/** As float32 this is 0 too, but it is no rate that has come to its end. */
const NEARLY_ZERO = 1e-60;

describe('a group whose rate has come to its end at 0', () => {
  it.each([
    ['one pass a step', {}],
    ['several passes a step', { microBatch: 3 }],
    ['averages', { averageMomentum: 0.9 }],
  ])('costs no gradient any more, and changes nothing: %s', async (_, more) => {
    const [ended, plain] = [await trained(0, more), await trained(NEARLY_ZERO, more)];
    expect(ended.weights).toEqual(plain.weights);
    const all = ['first/kernel', 'first/bias', 'norm/gamma', 'norm/beta', 'last/kernel', 'last/bias'];
    const gradients = all.map((name) => `gradient/${name}`);
    const both = [gradients, gradients.slice(2)];
    const twice = (each: string[]) => ('microBatch' in more ? [each, each] : [each]);
    expect(ended.graphs).toEqual(both.flatMap(twice));
    expect(plain.graphs).toEqual(twice(gradients));
  });

  it('is found again by a run that goes on', async () => {
    const whole = await trained(0);
    let middle: Parameters<NonNullable<FitOptions['save']>>[0] | undefined;
    let left = 4;
    const save: FitOptions['save'] = async (checkpoint) => {
      middle = structuredClone(checkpoint);
    };
    await trained(0, { save, interrupted: () => --left <= 0 });
    expect(middle?.position.step).toBeGreaterThan(3);
    expect((await trained(0, { resume: middle })).weights).toEqual(whole.weights);
  });

  it('stays in the graph where the optimizer is there too', async () => {
    const inGraph: Runtime = { ...runtime, kernels: undefined };
    const [ended, plain] = [await trained(0, {}, inGraph), await trained(NEARLY_ZERO, {}, inGraph)];
    expect(ended.weights).toEqual(plain.weights);
    expect(ended.graphs).toHaveLength(1);
  });
});

it('a rate has come to its end where it is 0 until the last step', () => {
  const groups = [falling(0, 0.5), falling(0, 1), falling(0.01, 0.5)].map((learningRate, i) => ({
    parameters: [`${i}`],
    optimizer: new SGD({ learningRate }),
  }));
  expect(settledIn(withGroups(new SGD({ learningRate: 0 }), groups), { steps: 10 })).toEqual([
    { from: 0, groups: [0] },
    { from: 5, groups: [0, 1] },
  ]);
  const back = { name: 'piecewiseConstantDecay', boundaries: [2, 6], values: [0, 0.1, 0] };
  const optimizer = optimizerFrom({ name: 'SGD', learningRate: back });
  expect(settledIn(optimizer, { steps: 10 })).toEqual([{ from: 7, groups: [0] }]);
});
