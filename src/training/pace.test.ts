import { expect, it } from 'vitest';
import { epochsWithin } from './pace.ts';

const imageShape = { height: 32, width: 32, channels: 3 };
const length = { epochs: 10, steps: 20, validationImages: 100, imageShape };
const pace = { step: 0.1, image: 0.01 };

it('takes as many epochs as fit, with the evaluation after each, and no more than are wanted', () => {
  // An epoch takes 2 s of steps and 1 s of evaluation.
  expect([2.9, 3, 8.9, 9, 1000].map((seconds) => epochsWithin(seconds, pace, length))).toEqual([
    0, 1, 2, 3, 10,
  ]);
});

it('counts small images by their area', () => {
  const resolution = [
    { fromEpoch: 1, size: 16 },
    { fromEpoch: 3, size: 32 },
  ];
  // Two epochs of 0.5 s + 1 s, then some of 3 s.
  expect([1.5, 3, 5.9, 6].map((seconds) => epochsWithin(seconds, pace, { ...length, resolution }))).toEqual([
    1, 2, 2, 3,
  ]);
});
