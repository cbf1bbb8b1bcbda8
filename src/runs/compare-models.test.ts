import { expect, it } from 'vitest';
import { comparedText, compareModels } from './compare-models.ts';

const classNames = ['ant', 'bee'];
/** Predictions that are as sure of the true class as said. */
const sure = (...ofTrueClass: number[]) => ({
  labels: ofTrueClass.map((_, image) => image % 2),
  probabilities: Float32Array.from(
    ofTrueClass.flatMap((p, image) => (image % 2 === 0 ? [p, 1 - p] : [1 - p, p])),
  ),
  classNames,
});

it('keeps the fine-tuned model where it is better by more than chance explains', () => {
  const { kept, images, head, fineTuned } = compareModels(
    sure(0.6, 0.7, 0.4, 0.8, 0.6),
    sure(0.9, 0.95, 0.9, 0.97, 0.9),
  );
  expect([kept, images, head.accuracy, fineTuned.accuracy]).toEqual(['fineTuned', 5, 0.8, 1]);
});

it('keeps the head where the difference may be chance, and where fewer images are right', () => {
  // Lower in the mean, by one image alone.
  expect(compareModels(sure(0.8, 0.7, 0.55, 0.8), sure(0.78, 0.72, 0.99, 0.79)).kept).toBe('head');
  // Much surer of most, and wrong about one more.
  expect(
    compareModels(sure(0.6, 0.6, 0.6, 0.6, 0.6, 0.6), sure(0.99, 0.99, 0.99, 0.99, 0.99, 0.49)).kept,
  ).toBe('head');
  expect(compareModels(sure(0.9, 0.9), sure(0.9, 0.9)).kept).toBe('head');
});

it('says what was compared, and what was kept', () => {
  const text = comparedText(compareModels(sure(0.6, 0.4), sure(0.9, 0.9)));
  expect(text).toBe(
    'head alone: 50.00% of 2 validation images right (loss 0.714); all layers trained: 100.00% (loss 0.105). Kept: all layers',
  );
});
