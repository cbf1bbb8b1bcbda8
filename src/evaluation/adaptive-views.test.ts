import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { answersOf, fitAdaptiveViews } from './adaptive-views.ts';
import type { Predictions } from './predictions.ts';

const imagesBelow = (of: Predictions, below: number) =>
  answersOf(of).filter(({ sure }) => sure < below).length;

/** Predictions of two classes; the true one is always the first. @param right the probability of the right class */
function predictions(right: readonly number[]): Predictions {
  return {
    probabilities: Float32Array.from(right.flatMap((each) => [each, 1 - each])),
    labels: new Uint16Array(right.length),
    classNames: ['a', 'b'],
  };
}

describe('the threshold of adaptive views', () => {
  it('is where further views stop to mend, however sure the other images are', () => {
    // 1,000 images; further views mend each fifth of those below 0.7, and spoil each twentieth.
    const sure = Array.from({ length: 1000 }, (_, i) => 0.5 + (i + 1) / 2000);
    const first = sure.map((each, i) => (each < 0.7 && i % 5 === 0 ? 1 - each : each));
    const full = sure.map((each, i) => (each < 0.7 && i % 20 === 1 ? 1 - each : each));
    const found = fitAdaptiveViews(predictions(first), predictions(full));
    expect(found.images).toBe(1000);
    // One standard error of difference is left: a few images below 0.7.
    expect(found.below).toBeGreaterThan(0.68);
    expect(found.below).toBeLessThanOrEqual(0.7);
    expect(found.again).toBe(imagesBelow(predictions(first), found.below));
  });

  it('lets no image be looked at again where views change nothing, or all where they always mend', () => {
    const sure = Array.from({ length: 200 }, (_, i) => 0.6 + i / 1000);
    expect(fitAdaptiveViews(predictions(sure), predictions(sure))).toMatchObject({ again: 0, images: 200 });
    const wrong = predictions(sure.map((each) => 1 - each));
    const found = fitAdaptiveViews(wrong, predictions(sure));
    // The surest image alone may be luck.
    expect(found.again).toBe(199);
    expect(imagesBelow(wrong, found.below)).toBe(199);
  });

  it('leaves views out that mend and spoil by chance alone', () => {
    const draw = random(5, 'views');
    const sure = Array.from({ length: 2000 }, () => 0.5 + draw.uniform() / 2);
    const changed = (each: number) => (draw.uniform() < 0.02 ? 1 - each : each);
    const [first, full] = [sure.map(changed), sure.map(changed)];
    const { again } = fitAdaptiveViews(predictions(first), predictions(full));
    expect(again).toBeLessThan(2000);
  });

  it('refuses images with any number of labels', () => {
    const several = { ...predictions([0.5]), tags: new Uint8Array(2) };
    expect(() => fitAdaptiveViews(several, several)).toThrow(/adaptive views need one class for each image/);
  });
});
