import { expect, it } from 'vitest';
import { Add, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, Input } from '../layers/index.ts';
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

it('tells what is connected to what, where the layers are no stack', () => {
  const image = new Input({ shape: [8, 8, 3] });
  const shared = new Conv2D({ filters: 3, kernelSize: 3, padding: 'same' });
  const sum = new Add().apply([shared.apply(shared.apply(image)), image]);
  const scores = sum.through(new GlobalAveragePooling2D(), new Dense({ units: 10, trainable: false }));
  expect(summarize(new Network({ name: 'residual', inputs: image, outputs: scores }))).toBe(
    `
Model: "residual"
┌───────────────────────────────────────────────────┬─────────────────┬─────────┬───────────────┬────────────────────────────────┐
│ Layer (type)                                      │ Output Shape    │ Param # │ Multiply-adds │ Connected to                   │
├───────────────────────────────────────────────────┼─────────────────┼─────────┼───────────────┼────────────────────────────────┤
│ image (Input)                                     │ (None, 8, 8, 3) │       0 │             0 │ -                              │
│ conv2d (Conv2D)                                   │ (None, 8, 8, 3) │      84 │        10,368 │ image[0][0]                    │
│                                                   │                 │         │               │ conv2d[0][0]                   │
│ add (Add)                                         │ (None, 8, 8, 3) │       0 │             0 │ conv2d[1][0]                   │
│                                                   │                 │         │               │ image[0][0]                    │
│ global_average_pooling2d (GlobalAveragePooling2D) │ (None, 3)       │       0 │             0 │ add[0][0]                      │
│ dense (Dense)                                     │ (None, 10)      │      40 │            30 │ global_average_pooling2d[0][0] │
└───────────────────────────────────────────────────┴─────────────────┴─────────┴───────────────┴────────────────────────────────┘
 Total params: 124 (496.00 B)
 Trainable params: 84 (336.00 B)
 Non-trainable params: 40 (160.00 B)
 Multiply-adds per image: 10,398`.slice(1),
  );
});
