import { expect, it } from 'vitest';
import { drawWeights } from '../../test/layers/check-layer.ts';
import { Activation, Add, Conv2D, Dense, Dropout, Flatten, Input } from '../layers/index.ts';
import { Network, withoutHead } from './index.ts';

it('ends a stack before its head, and keeps the other weights', () => {
  const network = new Network({
    inputShape: [4, 4, 3],
    layers: [
      new Flatten(),
      new Dense({ units: 7 }),
      new Dropout({ rate: 0.5 }),
      new Dense({ units: 3, name: 'scores' }),
      new Activation('softmax'),
    ],
  });
  const weights = drawWeights(network.parameters);
  const features = withoutHead({ network, weights });
  expect(features.network.layers.map(({ name }) => name)).toEqual(['flatten', 'dense', 'dropout']);
  expect(features.network.outputSize).toBe(7);
  expect([...features.weights.keys()]).toEqual(['dense/kernel', 'dense/bias']);
  expect(features.weights.get('dense/kernel')).toBe(weights.get('dense/kernel'));
});

it('ends a network of branches where they have met', () => {
  const image = new Input({ shape: [4, 4, 3] });
  const left = new Conv2D({ filters: 2, kernelSize: 1, name: 'left' }).apply(image);
  const right = new Conv2D({ filters: 2, kernelSize: 1, name: 'right' }).apply(image);
  const rows = new Add().apply([left, right]).through(new Flatten());
  const network = new Network({
    inputs: image,
    outputs: new Dense({ units: 3, name: 'scores' }).apply(rows),
  });
  const { network: features } = withoutHead({ network, weights: drawWeights(network.parameters) });
  expect(features.outputSize).toBe(32);
  expect(features.layers.map(({ name }) => name)).toEqual(['left', 'right', 'add', 'flatten']);
});

it('refuses a network without a head', () => {
  const network = new Network({ inputShape: [4, 4, 3], layers: [new Flatten()] });
  expect(() => withoutHead({ network, weights: new Map() })).toThrow(/no last layer that could be replaced/);
});
