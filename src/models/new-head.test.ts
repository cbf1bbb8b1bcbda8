import { expect, it } from 'vitest';
import { drawWeights } from '../../test/layers/check-layer.ts';
import {
  Activation,
  type Activations,
  BatchNormalization,
  Conv2D,
  Dense,
  Flatten,
  GlobalAveragePooling2D,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  LayerScale,
  registerLayers,
} from '../layers/index.ts';
import { Network, trainedDepths, withNewHead } from './index.ts';

const network = new Network({
  inputShape: [6, 5, 3],
  layers: [
    new Conv2D({ filters: 5, kernelSize: 3 }),
    new BatchNormalization(),
    new Flatten(),
    new Dense({ units: 6 }),
    new Dense({ units: 4, useBias: false }),
    new Activation({ activation: 'softmax' }),
  ],
});
const from = { network, weights: drawWeights(network.parameters) };

it('only the last Dense is new, and drawn by the seed', () => {
  const changed = withNewHead(from, { classes: 3, trainable: 'all', seed: 1 });
  expect(changed.head).toBe('dense_1');
  expect(changed.network.outputSize).toBe(3);
  for (const [name, values] of changed.weights) {
    if (name === 'dense_1/kernel') expect(values).toHaveLength(6 * 3);
    // Also where the old one had no biases: a fitted head needs them.
    else if (name === 'dense_1/bias') expect([...values]).toEqual([0, 0, 0]);
    else expect(values).toBe(from.weights.get(name));
  }
  const draw = (seed: number) =>
    withNewHead(from, { classes: 3, trainable: 'all', seed }).weights.get('dense_1/kernel');
  expect(draw(1)).toEqual(changed.weights.get('dense_1/kernel'));
  expect(draw(2)).not.toEqual(draw(1));
});

it.each([
  ['head', ['dense_1/kernel', 'dense_1/bias']],
  [
    'all',
    [
      ...['conv2d/kernel', 'conv2d/bias', 'batch_normalization/gamma', 'batch_normalization/beta'],
      ...['dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias'],
    ],
  ],
] as const)('with "%s" these weights are trained', (trainable, expected) => {
  const { parameters } = withNewHead(from, { classes: 3, trainable, seed: 1 }).network;
  expect(parameters.filter((spec) => spec.trainable).map(({ name }) => name)).toEqual(expected);
});

/** A layer of somebody's own, with a matrix. */
class Mixing extends Layer {
  readonly type = 'Mixing';

  constructor(options: LayerOptions = {}) {
    super(knownOptions('Mixing', options, []));
  }

  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const [size] = input.shape;
    const kernel = parameter({ name: 'kernel', shape: [size, size], initializer: 'glorotUniform' });
    return { ...input, value: graph.op('MatMul', [input.value, kernel]) };
  }
}

it.each([
  ['last:2', false],
  ['last:3', true],
] as const)("layers of one's own count by their weights: %s", (trainable, isTrained) => {
  registerLayers({ Mixing });
  const mixed = new Network({
    inputShape: [6, 5, 3],
    layers: [
      new Conv2D({ filters: 5, kernelSize: 3 }),
      new GlobalAveragePooling2D(),
      new LayerScale(),
      new Mixing(),
      new Dense({ units: 4 }),
    ],
  });
  const weights = drawWeights(mixed.parameters);
  const { parameters } = withNewHead({ network: mixed, weights }, { classes: 3, trainable, seed: 1 }).network;
  const trained = parameters.filter((spec) => spec.trainable).map(({ name }) => name);
  expect(trained).toContain('mixing/kernel');
  expect(trained.includes('conv2d/kernel')).toBe(isTrained);
  expect(trainedDepths(mixed, trainable)).toMatchObject({ total: 2 });
  expect(trainedDepths(mixed, trainable).depths.get('mixing/kernel')).toBe(2);
});

it('normalization keeps its statistics', () => {
  const { layers } = withNewHead(from, { classes: 3, trainable: 'all', seed: 1 }).network.config();
  const [normalization] = layers.filter(({ layer }) => layer === 'BatchNormalization');
  expect(normalization.options).toMatchObject({ trainable: true, fixedStatistics: true });
});

it('a frozen network can be thawed again', () => {
  const frozen = withNewHead(from, { classes: 3, trainable: 'head', seed: 1 });
  const { parameters } = withNewHead(frozen, { classes: 2, trainable: 'all', seed: 1 }).network;
  expect(parameters.find(({ name }) => name === 'conv2d/kernel')?.trainable).toBe(true);
});

it('a network that ends otherwise is refused', () => {
  const other = new Network({
    inputShape: [6, 5, 3],
    layers: [new Conv2D({ filters: 4, kernelSize: 3 }), new GlobalAveragePooling2D()],
  });
  expect(() =>
    withNewHead(
      { network: other, weights: drawWeights(other.parameters) },
      { classes: 2, trainable: 'all', seed: 1 },
    ),
  ).toThrow(
    'sequential: this network has no last layer that could be replaced: expected a Dense layer that gives one ' +
      'score for each class, received GlobalAveragePooling2D. Train one from scratch.',
  );
});
