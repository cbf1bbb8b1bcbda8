import { describe, expect, it } from 'vitest';
import { constantAnswer, isNotLearning } from './constant-answer.ts';

function dataset(...counts: number[]) {
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  return {
    name: 'made up',
    size: labels.length,
    labels: Uint16Array.from(labels),
    classNames: counts.map((_, label) => `class ${label}`),
  };
}

describe('constantAnswer', () => {
  it('costs the logarithm of the number of classes where all are as frequent, with label smoothing too', () => {
    const ten = dataset(...new Array<number>(10).fill(7));
    expect(constantAnswer(ten).loss).toBeCloseTo(Math.log(10), 12);
    expect(constantAnswer(ten, { loss: { labelSmoothing: 0.2 } }).loss).toBeCloseTo(Math.log(10), 12);
    expect(constantAnswer(ten).accuracy).toBe(0.1);
  });

  it('costs less where one class is frequent', () => {
    // −0.9 ln 0.9 − 0.1 ln 0.1
    expect(constantAnswer(dataset(90, 10))).toMatchObject({
      loss: expect.closeTo(0.325083, 6),
      accuracy: 0.9,
    });
  });

  it('heeds class weights and sampling', () => {
    const uneven = dataset(90, 10);
    expect(constantAnswer(uneven, { classWeight: 'balanced' }).loss).toBeCloseTo(Math.log(2), 12);
    expect(constantAnswer(uneven, { sampling: 'balanced' })).toMatchObject({
      loss: expect.closeTo(Math.log(2), 12),
      accuracy: 0.5,
    });
    // Twice the weight is twice the loss.
    expect(constantAnswer(uneven, { classWeight: { 'class 0': 2, 'class 1': 2 } }).loss).toBeCloseTo(
      2 * 0.325083,
      5,
    );
  });
});

describe('isNotLearning', () => {
  const constant = { loss: Math.log(10), accuracy: 0.1, images: 1675 };
  const steps = { taken: 25, inRun: 100 };

  it('sees a loss that stays at that of a constant answer', () => {
    expect(isNotLearning({ loss: 2.31, accuracy: 0.11 }, constant, steps)).toBe(true);
    expect(isNotLearning({ loss: 40, accuracy: 0.09 }, constant, steps)).toBe(true);
  });

  it.each([
    ['the loss has fallen', { loss: 2.2, accuracy: 0.1 }, steps],
    ['more images are right than by chance', { loss: 2.35, accuracy: 0.18 }, steps],
    ['only a few steps were taken', { loss: 2.4, accuracy: 0.1 }, { taken: 8, inRun: 8 }],
    ['the run has just begun', { loss: 2.4, accuracy: 0.1 }, { taken: 16, inRun: 200 }],
  ])('is silent when %s', (_, record, taken) => {
    expect(isNotLearning(record, constant, taken)).toBe(false);
  });

  it('says so after an epoch of many steps, however long the run is', () => {
    expect(isNotLearning({ loss: 2.31, accuracy: 0.1 }, constant, { taken: 1563, inRun: 46_890 })).toBe(true);
  });
});
