/** Layers with `trainable: false`. */
import { describe, expect, it } from 'vitest';
import { drawWeights } from '../../test/layers/check-layer.ts';
import { batchOf, images } from '../../test/training/problem.ts';
import { BatchNormalization, Conv2D, Dense, Flatten, type Layer } from '../layers/index.ts';
import { Network, summarize } from '../models/index.ts';
import { SGD } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import type { Runtime } from '../runtime/index.ts';
import { buildStepGraph } from './step-graph.ts';
import { Trainer } from './trainer.ts';

const inMemory = nodeRuntime({ threads: 1 });
const inGraph: Runtime = { ...inMemory, kernels: undefined };
const { pixels, targets } = batchOf(images(6, 5, 4), [0, 1, 2, 3, 4, 5]);

const layers = (trainable: boolean): Layer[] => [
  new Conv2D({ filters: 3, kernelSize: 3, name: 'first', trainable }),
  new BatchNormalization({ name: 'norm', momentum: 0.5, trainable }),
  new Flatten(),
  new Dense({ units: 3, activation: 'softmax', name: 'last' }),
];
const network = (stack: Layer[]) => new Network({ inputShape: [5, 4, 3], layers: stack });

async function trained(net: Network, runtime: Runtime) {
  const weights = drawWeights(net.parameters);
  const optimizer = new SGD({ momentum: 0.9 });
  const trainer = new Trainer({ network: net, optimizer, runtime, seed: 1, weights });
  for (let step = 0; step < 3; step++) await trainer.step(pixels, targets, step, 0.1);
  const after = await trainer.read();
  await trainer.dispose();
  return { before: weights, ...after };
}

describe.each([
  ['in memory', inMemory],
  ['in the graph', inGraph],
])('frozen layers, with the optimizer %s', (_, runtime) => {
  it('keep weights and statistics, and have no slots', async () => {
    const { before, weights, slots } = await trained(network(layers(false)), runtime);
    for (const [name, values] of weights) {
      if (name.startsWith('last/')) expect(values, name).not.toEqual(before.get(name));
      else expect(values, name).toEqual(before.get(name));
    }
    expect([...slots.keys()]).toEqual(['last/kernel/velocity', 'last/bias/velocity']);
  });

  it('move when they are not frozen', async () => {
    const { before, weights } = await trained(network(layers(true)), runtime);
    // A constant before batch normalization changes nothing, so that bias stays nearly as it is.
    for (const [name, values] of weights)
      if (name !== 'first/bias') expect(values, name).not.toEqual(before.get(name));
  });
});

it('a frozen layer costs nothing in the backward pass', () => {
  const { model } = buildStepGraph(network(layers(false)), { batch: 2, target: 'cpu' });
  expect(model.graph.outputs.map(({ name }) => name).filter((name) => name.startsWith('gradient/'))).toEqual([
    'gradient/last/kernel',
    'gradient/last/bias',
  ]);
  // Convolution and normalization forwards, and no other.
  expect(model.graph.nodes.filter(({ opType }) => opType === 'Conv')).toHaveLength(1);
});

it('the summary counts frozen weights as not trainable', () => {
  const text = summarize(network(layers(false)));
  expect(text).toContain('Trainable params: 57 (');
  expect(text).toContain(`Non-trainable params: ${3 * 27 + 3 + 4 * 3} (`);
});

it('the configuration keeps it', () => {
  const config = network(layers(false)).config();
  expect(config.layers[0].options).toMatchObject({ name: 'first', trainable: false });
  expect(Network.from(config).parameters.map(({ trainable }) => trainable)).toEqual([
    ...new Array(6).fill(false),
    true,
    true,
  ]);
});

it('a network that is frozen as a whole is not trained', () => {
  const net = network([new Flatten(), new Dense({ units: 3, trainable: false })]);
  const weights = drawWeights(net.parameters);
  expect(
    () => new Trainer({ network: net, optimizer: new SGD(), runtime: inMemory, seed: 1, weights }),
  ).toThrow('sequential: there is nothing to train: expected weights in a layer that is not frozen');
});
