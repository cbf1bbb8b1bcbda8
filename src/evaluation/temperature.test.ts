import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import type { Predictions } from './predictions.ts';
import { beforeAndAfter, fitTemperature, withTemperature } from './temperature.ts';

const classNames = ['a', 'b', 'c', 'd'];

function softmax(logits: readonly number[]): number[] {
  const exponentials = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / total);
}

/** Predictions that are sharper than the truth by a temperature: labels are drawn with what the logits mean. */
function overconfident(temperature: number, images = 4000): Predictions & { logits: number[][] } {
  const stream = random(11, 'temperature');
  const logits = Array.from({ length: images }, () => classNames.map(() => 3 * stream.normal()));
  const labels = logits.map((row) => {
    let left = stream.uniform();
    const label = softmax(row).findIndex((probability) => {
      left -= probability;
      return left < 0;
    });
    return Math.max(0, label);
  });
  const stated = logits.map((row) => row.map((logit) => logit * temperature));
  return { probabilities: Float32Array.from(stated.flatMap(softmax)), labels, classNames, logits: stated };
}

/** Mean −ln p(true class) of softmax(logits / T), term by term. */
function loss({ logits, labels }: ReturnType<typeof overconfident>, temperature: number): number {
  const terms = logits.map(
    (row, i) => -Math.log(softmax(row.map((logit) => logit / temperature))[labels[i]]),
  );
  return terms.reduce((a, b) => a + b) / terms.length;
}

/** Where a convex function is least, by halving the range that holds the place. */
function leastOf(f: (x: number) => number, low: number, high: number): number {
  for (let i = 0; i < 200; i++) {
    const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
    if (f(a) < f(b)) high = b;
    else low = a;
  }
  return (low + high) / 2;
}

const temperatureOf = (predictions: Predictions): number => {
  const fitted = fitTemperature(predictions);
  return 'temperature' in fitted ? fitted.temperature : expect.fail(fitted.reason);
};

describe('fitTemperature', () => {
  it('finds the temperature by which predictions are too sharp, or too dull', () => {
    for (const temperature of [0.5, 1, 2.5]) {
      expect(temperatureOf(overconfident(temperature)) / temperature).toBeCloseTo(1, 1);
    }
  });

  it('finds the least cross-entropy', () => {
    const predictions = overconfident(2.5, 300);
    const least = leastOf((temperature) => loss(predictions, temperature), 0.5, 8);
    expect(temperatureOf(predictions)).toBeCloseTo(least, 5);
  });

  it('makes a model surer that is never wrong, as far as so many images allow', () => {
    const right = (count: number, sure: number) => ({
      probabilities: Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? sure : 1 - sure)),
      labels: new Array<number>(count).fill(0),
      classNames: ['a', 'b'],
    });
    // Of 98 images, (98 + 1) / (98 + 2) are expected to be right.
    const predictions = right(98, 0.9);
    const calibrated = withTemperature(predictions, temperatureOf(predictions));
    expect(calibrated.probabilities[0]).toBeCloseTo(0.99, 5);
    // A surer one keeps its temperature, with the reason.
    expect(fitTemperature(right(98, 0.995))).toEqual({
      reason: expect.stringMatching(/every validation image is classified correctly/),
    });
  });

  it('makes a model with one narrow mistake no surer than one without any', () => {
    // Gaps between two classes, and whether the wider one is right.
    const of = (gaps: readonly number[], wrong: number) => ({
      probabilities: Float32Array.from(gaps.flatMap((gap) => softmax([gap, 0]))),
      labels: gaps.map((_, image) => Number(image === wrong)),
      classNames: ['a', 'b'],
    });
    const gaps = Array.from({ length: 20 }, (_, image) => (image === 7 ? 0.05 : 2.2));
    const [without, narrow] = [of(gaps, -1), of(gaps, 7)].map(temperatureOf);
    expect(narrow).toBeGreaterThanOrEqual(without);
    expect(narrow).toBeLessThan(1);
    // A wide mistake asks for less confidence, which Laplace's rule does not forbid.
    const wide = temperatureOf(of([...gaps, 12], 20));
    expect(wide).toBeGreaterThan(1);
  });

  it('is what the images ask for where there are many', () => {
    const predictions = overconfident(0.5, 1000);
    const least = leastOf((temperature) => loss(predictions, temperature), 0.2, 2);
    expect(Math.abs(temperatureOf(predictions) / least - 1)).toBeLessThan(0.01);
  });

  it('solves by hand: with one gap g between two classes, and a fraction r right, it is g / ln(r / (1 − r))', () => {
    const [sure, unsure] = softmax([4, 0]);
    const predictions = {
      probabilities: Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? sure : unsure)),
      labels: [0, 0, 0, 1, 0, 0, 1, 0, 0, 0],
      classNames: ['a', 'b'],
    };
    expect(temperatureOf(predictions)).toBeCloseTo(4 / Math.log(0.8 / 0.2), 5);
  });

  it('stops at a bound where the least lies beyond it', () => {
    const [sure, unsure] = softmax([0.01, 0]);
    const labels = Array.from({ length: 1000 }, (_, i) => (i === 7 ? 1 : 0));
    const probabilities = Float32Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? sure : unsure));
    expect(temperatureOf({ probabilities, labels, classNames: ['a', 'b'] })).toBe(0.1);
  });

  it.each<[string, number[], RegExp]>([
    ['it is worse than chance', [1, 1, 0], /confidence is no better than none/],
  ])('says why not when %s', (_, labels, reason) => {
    const probabilities = new Float32Array([0.75, 0.25, 0.75, 0.25, 0.75, 0.25]);
    expect(fitTemperature({ probabilities, labels, classNames: ['a', 'b'] })).toEqual({
      reason: expect.stringMatching(reason),
    });
  });

  it('is not put off by probabilities of exactly 0 and 1', () => {
    const probabilities = new Float32Array([1, 0, 1, 0, 1, 0, 1, 0]);
    expect(temperatureOf({ probabilities, labels: [0, 0, 0, 1], classNames: ['a', 'b'] })).toBe(10);
  });
});

describe('withTemperature', () => {
  it('divides logits, changes no answer, and can be undone', () => {
    const predictions = overconfident(2, 50);
    const dull = withTemperature(predictions, 3);
    predictions.logits.forEach((row, image) => {
      const expected = softmax(row.map((logit) => logit / 3));
      const own = [...dull.probabilities.subarray(image * 4, image * 4 + 4)];
      own.forEach((probability, c) => {
        expect(probability).toBeCloseTo(expected[c], 6);
      });
      expect(own.indexOf(Math.max(...own))).toBe(row.indexOf(Math.max(...row)));
    });
    withTemperature(dull, 1 / 3).probabilities.forEach((probability, i) => {
      expect(probability).toBeCloseTo(predictions.probabilities[i], 5);
    });
  });
});

it('beforeAndAfter tells what a temperature did: here it takes most of the error away', () => {
  const predictions = overconfident(2.5);
  const temperature = temperatureOf(predictions);
  const { images, before, after } = beforeAndAfter(withTemperature(predictions, temperature), temperature);
  expect(images).toBe(4000);
  expect(before.loss).toBeCloseTo(loss(predictions, 1), 2);
  expect(after.loss).toBeCloseTo(loss(predictions, temperature), 3);
  expect(after.expectedCalibrationError).toBeLessThan(0.3 * before.expectedCalibrationError);
});
