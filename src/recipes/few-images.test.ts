import { expect, it } from 'vitest';
import { lengthForFewImages } from './few-images.ts';

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
