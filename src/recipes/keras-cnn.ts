import { Conv2D, Dense, Dropout, Flatten, MaxPooling2D } from '../layers/index.ts';
import type { Recipe } from './recipe.ts';

/** A first image classifier as Keras's users write it: one convolution, one hidden layer. */
export const kerasCnn: Recipe = {
  name: 'keras-cnn',
  description: 'A small Keras CNN with 4.2 million parameters: one convolution, one hidden layer, plain SGD.',
  target: { accuracy: 0.685, note: 'plain SGD 0.01, batch 32, 30 epochs' },
  epochs: 30,
  batchSize: 32,
  optimizer: { name: 'SGD', learningRate: 0.01 },
  validationSplit: 0,
  imageSize: 32,
  layers: ({ classes }) => [
    new Conv2D({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
    new MaxPooling2D({ poolSize: 2 }),
    new Flatten(),
    new Dense({ units: 512, activation: 'relu' }),
    new Dropout({ rate: 0.3 }),
    new Dense({ units: classes, activation: 'softmax' }),
  ],
};
