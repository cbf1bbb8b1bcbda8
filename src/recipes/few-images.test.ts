import { expect, it } from 'vitest';
import { highestRate, type OptimizerConfig } from '../optimizers/index.ts';
import { lengthForFewImages, optimizerForBatch } from './few-images.ts';
import { deep, kerasCnn, quick, record, standard, wide } from './index.ts';

const length = { epochs: 8, batchSize: 2000 };
const recipe = { images: 50_000 };

it('leaves a recipe alone that has about the images it is made for, or does not say how many', () => {
  expect(lengthForFewImages(recipe, length, 50_000)).toEqual(length);
  expect(lengthForFewImages(recipe, length, 45_000)).toEqual(length);
  expect(lengthForFewImages({}, length, 300)).toEqual(length);
});

it.each([
  [20_000, { epochs: 8, batchSize: 800 }],
  [3_000, { epochs: 8, batchSize: 120 }],
  [300, { epochs: 20, batchSize: 32 }],
  [20, { epochs: 200, batchSize: 32 }],
])('gives %i images as many steps', (images, expected) => {
  const { epochs, batchSize } = lengthForFewImages(recipe, length, images);
  expect({ epochs, batchSize }).toEqual(expected);
  expect(epochs * Math.ceil(images / batchSize)).toBe(200);
});

it('changes nothing that somebody chose', () => {
  expect(lengthForFewImages(recipe, length, 300, ['epochs'])).toEqual({ epochs: 8, batchSize: 32 });
  expect(lengthForFewImages(recipe, length, 300, ['batchSize'])).toEqual({ epochs: 200, batchSize: 2000 });
  expect(lengthForFewImages(recipe, length, 300, ['batchSize', 'epochs'])).toEqual(length);
});

function groupRates(optimizer: OptimizerConfig): number[] {
  const groups = optimizer.groups as { optimizer: OptimizerConfig }[];
  return groups.map((group) => highestRate(group.optimizer.learningRate));
}

it.each([quick, standard, record, wide, deep])('gives $name its own rates at its own batch', (recipe) => {
  const { batchSize, optimizer } = recipe;
  expect(optimizerForBatch(recipe, optimizer, batchSize)).toBe(optimizer);
  expect(optimizerForBatch(recipe, optimizer, 2 * batchSize)).toBe(optimizer);
});

it.each([quick, standard, record, wide, deep])(
  'lowers the rates that $name gives SGD with the root of the batch',
  (recipe) => {
    const { batchSize, optimizer } = recipe;
    const few = optimizerForBatch(recipe, optimizer, batchSize / 16);
    const lowered = groupRates(few);
    groupRates(optimizer).forEach((rate, i) => {
      expect(lowered[i]).toBeCloseTo(rate / 4, 12);
    });
    expect(highestRate(few.learningRate)).toBe(highestRate(optimizer.learningRate));
  },
);

it('leaves rates alone that are for any batch, and another optimizer', () => {
  expect(optimizerForBatch(kerasCnn, kerasCnn.optimizer, 1)).toBe(kerasCnn.optimizer);
  expect(optimizerForBatch(quick, { name: 'SGD' }, 32, ['optimizer'])).toEqual({ name: 'SGD' });
});
