import { type ActivationName, Conv2D, Dense, Dropout, Flatten, MaxPooling2D } from '../layers/index.ts';
import { defineRecipe } from './recipe.ts';

/** A first image classifier as Keras's users write it: one convolution, one hidden layer. */
export const kerasCnn = defineRecipe({
  name: 'keras-cnn',
  description: 'A small Keras CNN with 4.2 million parameters: one convolution, one hidden layer, plain SGD.',
  target: { accuracy: 0.68, note: 'three seeds gave 68.16 ± 0.57%: docs/results.md' },
  epochs: 30,
  batchSize: 32,
  optimizer: { name: 'SGD', learningRate: 0.01 },
  validationSplit: 0,
  imageSize: 32,
  options: { activation: 'relu' as ActivationName, filters: 32, units: 512, dropout: 0.3 },
  layers: ({ classes }, { activation, filters, units, dropout }) => [
    new Conv2D({ filters, kernelSize: 3, padding: 'same', activation }),
    new MaxPooling2D({ poolSize: 2 }),
    new Flatten(),
    new Dense({ units, activation }),
    new Dropout({ rate: dropout }),
    new Dense({ units: classes, activation: 'softmax' }),
  ],
});
