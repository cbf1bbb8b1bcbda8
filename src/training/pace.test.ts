import { expect, it } from 'vitest';
import { resolutionOver } from '../data/resolution.ts';
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

it('counts small images by their area, and as large a part of a shorter run', () => {
  const resolution = [
    { fromEpoch: 1, size: 16 },
    { fromEpoch: 6, size: 32 },
  ];
  // Half of the epochs take 0.5 s + 1 s, the others 3 s; of one or three epochs the larger half.
  const seconds = [2.9, 3, 4.5, 7.4, 7.5, 22.4, 22.5];
  expect(seconds.map((each) => epochsWithin(each, pace, { ...length, resolution }))).toEqual([
    0, 1, 2, 2, 3, 9, 10,
  ]);
});

it('reaches the last size in a shorter run', () => {
  const resolution = [
    { fromEpoch: 1, size: 24 },
    { fromEpoch: 5, size: 32 },
  ];
  expect(resolutionOver(resolution, 8, 4)).toEqual([
    { fromEpoch: 1, size: 24 },
    { fromEpoch: 3, size: 32 },
  ]);
  expect(resolutionOver(resolution, 8, 1)).toEqual([{ fromEpoch: 1, size: 32 }]);
  expect(resolutionOver(resolution, 8, 8)).toEqual(resolution);
});
