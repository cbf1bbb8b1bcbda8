import { expect, test } from 'vitest';
import { likelyLabelErrors } from './label-errors.ts';

test('an image is suspect when the model is surer of another class than it usually is of that class', () => {
  // Of class 0 it is usually 0.75 sure, of class 1 0.5; class 2 it never gets right.
  const errors = likelyLabelErrors({
    label: [0, 0, 1, 1, 1, 2, 2, 0, 0],
    predicted: [0, 0, 1, 0, 0, 0, 1, 2, 1],
    probability: [0.5, 1, 0.5, 0.875, 0.625, 0.75, 0.75, 1, 0.375],
  });
  expect(errors).toEqual([
    { index: 6, label: 2, predicted: 1, probability: 0.75, usual: 0.5 },
    { index: 3, label: 1, predicted: 0, probability: 0.875, usual: 0.75 },
    { index: 5, label: 2, predicted: 0, probability: 0.75, usual: 0.75 },
  ]);
});

test('a model that makes no mistake suspects no label', () => {
  expect(likelyLabelErrors({ label: [0, 1], predicted: [0, 1], probability: [0.6, 0.7] })).toEqual([]);
});
