import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { PREDICTION_SETS_KEY } from './conformal.ts';
import { coverageOfSets, PredictionSets } from './prediction-sets.ts';
import type { Predictions } from './predictions.ts';

const classNames = ['ant', 'bee', 'cat', 'dog', 'eel'];

/** A model that is over-confident, and worse at some classes than at others; the truth follows other odds. */
function drawn(seed: number, images: number): Predictions {
  const stream = random(seed, 'test/prediction-sets');
  const classes = classNames.length;
  const probabilities = new Float32Array(images * classes);
  const labels = new Uint16Array(images);
  for (let image = 0; image < images; image++) {
    const label = stream.integer(classes);
    labels[image] = label;
    const logits = classNames.map((_, c) => 4 * stream.uniform() + (c === label ? 1 + label / 2 : 0));
    const exponentials = logits.map((logit) => Math.exp(2 * logit));
    const total = exponentials.reduce((a, b) => a + b);
    probabilities.set(
      exponentials.map((value) => value / total),
      image * classes,
    );
  }
  return { probabilities, labels, classNames };
}

describe('prediction sets', () => {
  it('hold the classes whose score is at most the quantile of the calibration images', () => {
    // Scores of the true classes: 0, 0, 0.5 and 0.8.
    const calibration: Predictions = {
      probabilities: Float32Array.from([
        ...[0.7, 0.2, 0.1],
        ...[0.1, 0.8, 0.1],
        ...[0.5, 0.3, 0.2],
        ...[0.5, 0.3, 0.2],
      ]),
      labels: [0, 1, 1, 2],
      classNames: ['a', 'b', 'c'],
    };
    const sets = PredictionSets.calibrate(calibration);
    expect(sets.scores).toEqual([[0], [0, 0.5], [0.800001]]);
    // ceil(5 · 0.4) = 2, ceil(5 · 0.6) = 3, ceil(5 · 0.8) = 4; ceil(5 · 0.9) = 5 is one more than there are.
    expect([0.4, 0.6, 0.8, 0.9].map((coverage) => sets.threshold(coverage))).toEqual([
      0,
      0.5,
      0.800001,
      Number.POSITIVE_INFINITY,
    ]);
    const image = [0.25, 0.45, 0.3];
    expect(sets.setOf(image, { coverage: 0.4 })).toEqual([1]);
    expect(sets.setOf(image, { coverage: 0.6 })).toEqual([1, 2]);
    expect(sets.setOf(image, { coverage: 0.8 })).toEqual([1, 2, 0]);
    expect(sets.setOf(image, { coverage: 0.9 })).toEqual([1, 2, 0]);
    expect(sets.mostCoverage).toBe(0.8);
  });

  it.each([0.8, 0.9, 0.95, 0.99])('cover as many images as was promised: %d', (coverage) => {
    const covered = [1, 2, 3, 4, 5].map((seed) => {
      const sets = PredictionSets.calibrate(drawn(seed, 2_000));
      return sets.coverageOf(drawn(seed + 100, 4_000), { coverage }).covered;
    });
    const mean = covered.reduce((a, b) => a + b) / covered.length;
    // Four standard errors of five calibrations and evaluations.
    const error = Math.sqrt((coverage * (1 - coverage) * (1 / 2_000 + 1 / 4_000)) / 5);
    expect(Math.abs(mean - coverage)).toBeLessThan(4 * error);
  });

  it('cover each class where that is promised, which a common threshold does not', () => {
    const sets = PredictionSets.calibrate(drawn(7, 5_000));
    const { probabilities, labels } = drawn(107, 5_000);
    const coveredOf = (label: number, perClass: boolean) => {
      const own = Array.from(labels, (_, image) => image).filter((image) => labels[image] === label);
      const covered = own.filter((image) =>
        sets
          .setOf(probabilities.subarray(5 * image, 5 * image + 5), { coverage: 0.9, perClass })
          .includes(label),
      );
      return covered.length / own.length;
    };
    // About 1,000 images a class, on both sides: 0.9 ± four standard errors.
    const error = 4 * Math.sqrt(0.09 * (1 / 1_000 + 1 / 1_000));
    for (const label of classNames.keys()) expect(Math.abs(coveredOf(label, true) - 0.9)).toBeLessThan(error);
    expect(coveredOf(0, false)).toBeLessThan(0.85);
  });

  it('are calibrated on images of all classes where there are more than are kept, in the order of their classes', () => {
    const { probabilities, labels } = drawn(9, 8_000);
    const order = Array.from(labels, (_, image) => image).sort((a, b) => labels[a] - labels[b]);
    const sorted: Predictions = {
      probabilities: Float32Array.from(
        order.flatMap((image) => [...probabilities.subarray(5 * image, 5 * image + 5)]),
      ),
      labels: order.map((image) => labels[image]),
      classNames,
    };
    const sets = PredictionSets.calibrate(sorted);
    expect(sets.images).toBe(5_000);
    const covered = sets.coverageOf(drawn(109, 8_000), { coverage: 0.9 }).covered;
    expect(Math.abs(covered - 0.9)).toBeLessThan(4 * Math.sqrt(0.09 * (1 / 5_000 + 1 / 8_000)));
  });

  it('say how large they are', () => {
    const sets = PredictionSets.calibrate(drawn(3, 1_000));
    const { images, sizes, meanSize, covered, interval95 } = sets.coverageOf(drawn(4, 1_000), {
      coverage: 0.9,
    });
    expect([images, sizes.reduce((a, b) => a + b)]).toEqual([1_000, 1_000]);
    expect(meanSize).toBeCloseTo(sizes.reduce((sum, count, i) => sum + count * (i + 1), 0) / 1_000, 12);
    expect(interval95[0]).toBeLessThan(covered);
    expect(interval95[1]).toBeGreaterThan(covered);
  });

  it('are also stated for each class, where every class has enough calibration images', () => {
    const test = drawn(111, 5_000);
    const { perClass } = coverageOfSets(PredictionSets.calibrate(drawn(8, 5_000)), test);
    expect(perClass?.map(({ coverage, perClass: each }) => [coverage, each])).toEqual([
      [0.9, true],
      [0.95, true],
      [0.99, true],
    ]);
    for (const { coverage, covered } of perClass!) {
      expect(Math.abs(covered - coverage)).toBeLessThan(
        4 * Math.sqrt(coverage * (1 - coverage) * (2 / 5_000)),
      );
    }
    const few = PredictionSets.calibrate(drawn(8, 20));
    expect(few.mostCoveragePerClass).toBeLessThan(0.9);
    expect(coverageOfSets(few, test).perClass).toBeUndefined();
  });

  it('come back from metadata as they were', () => {
    const sets = PredictionSets.calibrate(drawn(3, 200));
    expect(PredictionSets.read(sets.metadata)?.scores).toEqual(sets.scores);
    expect(PredictionSets.read({})).toBeUndefined();
  });

  it.each(['{"scores":[["0.1"]]}', '{"scores":[[2]]}', 'nothing', '[]'])('refuse %s', (text) => {
    expect(() => PredictionSets.read({ [PREDICTION_SETS_KEY]: text }, 'm.onnx')).toThrow(
      'm.onnx, harrier.conformal: the scores of its calibration images cannot be read',
    );
  });

  it.each([0, 1, -0.5, Number.NaN])('refuse a coverage of %d', (coverage) => {
    expect(() => PredictionSets.calibrate(drawn(1, 10)).threshold(coverage)).toThrow(/between 0 and 1/);
  });
});
