import { expect, it } from 'vitest';
import { BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D } from '../layers/index.ts';
import { networkOf, recipeNamed } from '../recipes/index.ts';
import { Network } from './network.ts';
import { summarize } from './summary.ts';

it("prints the seed's network as Keras does", () => {
  const network = networkOf(recipeNamed('keras-cnn'), { inputShape: [32, 32, 3], classes: 10 });
  expect(summarize(network)).toBe(
    `
Model: "keras-cnn"
┌──────────────────────────────┬────────────────────┬───────────┐
│ Layer (type)                 │ Output Shape       │   Param # │
├──────────────────────────────┼────────────────────┼───────────┤
│ conv2d (Conv2D)              │ (None, 32, 32, 32) │       896 │
│ max_pooling2d (MaxPooling2D) │ (None, 16, 16, 32) │         0 │
│ flatten (Flatten)            │ (None, 8192)       │         0 │
│ dense (Dense)                │ (None, 512)        │ 4,194,816 │
│ dropout (Dropout)            │ (None, 512)        │         0 │
│ dense_1 (Dense)              │ (None, 10)         │     5,130 │
└──────────────────────────────┴────────────────────┴───────────┘
 Total params: 4,200,842 (16.02 MB)
 Trainable params: 4,200,842 (16.02 MB)
 Non-trainable params: 0 (0.00 B)
 Multiply-adds per image: 5,084,160`.slice(1),
  );
});

it('counts apart what is not trained', () => {
  const network = new Network({
    inputShape: [32, 32, 3],
    layers: [
      new Conv2D({ filters: 8, kernelSize: [3, 2], strides: 2, padding: 'same', groups: 1, useBias: false }),
      new BatchNormalization(),
      new GlobalAveragePooling2D(),
      new Dense({ units: 4 }),
    ],
  });
  const text = summarize(network);
  expect(text).toContain('(None, 16, 16, 8)');
  expect(text).toContain('Total params: 212 (848.00 B)');
  expect(text).toContain('Trainable params: 196 (784.00 B)');
  expect(text).toContain('Non-trainable params: 16 (64.00 B)');
  expect(text).toContain(`Multiply-adds per image: ${(16 * 16 * 8 * 18 + 32).toLocaleString('en-US')}`);
});
