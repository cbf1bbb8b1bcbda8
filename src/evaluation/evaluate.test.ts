import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { groupedInterval } from './cross-validation.ts';
import { evaluatePredictions } from './evaluate.ts';
import { mostConfidentMistakes } from './mistakes.ts';
import type { Predictions } from './predictions.ts';
import { topKAccuracy } from './top-k.ts';
import { wilsonInterval } from './wilson.ts';

function predictions(rows: number[][], labels: number[], classNames: string[]): Predictions {
  return { probabilities: new Float32Array(rows.flat()), labels, classNames };
}

// Six images: cat cat cat dog dog bird, taken for cat dog cat dog cat dog.
const WORKED = predictions(
  [
    [0.75, 0.25, 0],
    [0.25, 0.5, 0.25],
    [1, 0, 0],
    [0.25, 0.75, 0],
    [0.5, 0.25, 0.25],
    [0, 1, 0],
  ],
  [0, 0, 0, 1, 1, 2],
  ['cat', 'dog', 'bird'],
);

describe('evaluatePredictions', () => {
  const evaluation = evaluatePredictions(WORKED);

  it('counts what is right', () => {
    expect(evaluation).toMatchObject({
      correct: 3,
      total: 6,
      accuracy: 0.5,
      classNames: ['cat', 'dog', 'bird'],
    });
    expect(evaluation.interval95[0]).toBeLessThan(0.5);
    expect(evaluation.interval95[1]).toBeGreaterThan(0.5);
  });

  it('is less sure of images that come in groups, and as sure as ever of others', () => {
    const groups = [0, 1, 2, 3, 3, 3];
    const { interval95 } = evaluatePredictions({ ...WORKED, groups });
    expect(interval95).toEqual(groupedInterval([true, false, true, true, false, false], groups));
    const tags = Uint8Array.from([1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0]);
    const tagged = evaluatePredictions({ ...WORKED, tags, groups: [0, 0, 0, 1, 1, 1] });
    expect(tagged.interval95).toEqual(
      groupedInterval([true, false, true, true, true, true], [0, 0, 0, 1, 1, 1]),
    );
    const single = evaluatePredictions({ ...WORKED, groups: [6, 5, 4, 3, 2, 1] });
    expect(single).toEqual(evaluation);
    expect(evaluation.interval95).toEqual(wilsonInterval(3, 6));
  });

  it('puts true classes in rows and predicted ones in columns', () => {
    expect(evaluation.matrix).toEqual([
      [2, 1, 0],
      [1, 1, 0],
      [0, 1, 0],
    ]);
  });

  it('scores every class as worked out by hand, 0 where nothing was predicted', () => {
    const [cat, dog, bird] = evaluation.perClass;
    expect(cat).toEqual({
      class: 'cat',
      support: 3,
      predicted: 3,
      precision: 2 / 3,
      recall: 2 / 3,
      f1: 2 / 3,
    });
    expect(dog).toEqual({ class: 'dog', support: 2, predicted: 3, precision: 1 / 3, recall: 1 / 2, f1: 0.4 });
    expect(bird).toEqual({ class: 'bird', support: 1, predicted: 0, precision: 0, recall: 0, f1: 0 });
    expect(evaluation.macro.precision).toBeCloseTo(1 / 3, 12);
    expect(evaluation.macro.recall).toBeCloseTo(7 / 18, 12);
    expect(evaluation.macro.f1).toBeCloseTo(16 / 45, 12);
  });

  it('gives a class without images a recall of 0', () => {
    const { perClass } = evaluatePredictions(predictions([[0, 1]], [0], ['there', 'absent']));
    expect(perClass[1]).toEqual({
      class: 'absent',
      support: 0,
      predicted: 1,
      precision: 0,
      recall: 0,
      f1: 0,
    });
  });

  it('adds both directions of a confusion and says each', () => {
    expect(evaluation.confusions).toEqual([
      { classes: ['cat', 'dog'], count: 2, firstAsSecond: 1, secondAsFirst: 1 },
      { classes: ['dog', 'bird'], count: 1, firstAsSecond: 0, secondAsFirst: 1 },
    ]);
  });

  it('orders equal confusions by class', () => {
    const one = (hot: number) => [0, 1, 2, 3].map((c) => (c === hot ? 1 : 0));
    // d→c, c→b, b→a, b→a, d→a: a–b twice, then a–d, b–c, c–d in class order.
    const { confusions } = evaluatePredictions(
      predictions([one(2), one(1), one(0), one(0), one(0)], [3, 2, 1, 1, 3], ['a', 'b', 'c', 'd']),
    );
    expect(confusions.map(({ classes, count }) => `${classes.join('')}${count}`)).toEqual([
      'ab2',
      'ad1',
      'bc1',
      'cd1',
    ]);
  });

  it('takes the lowest index of equal probabilities', () => {
    const { matrix } = evaluatePredictions(predictions([[0.5, 0.5]], [1], ['a', 'b']));
    expect(matrix).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it('clips the cross-entropy at 1e-7 as Keras does', () => {
    const { loss } = evaluatePredictions(
      predictions(
        [
          [0.75, 0.25],
          [0.75, 0.25],
          [1, 0],
          [1, 0],
        ],
        [0, 1, 0, 1],
        ['a', 'b'],
      ),
    );
    const expected = -(Math.log(0.75) + Math.log(0.25) + Math.log(1 - 1e-7) + Math.log(1e-7)) / 4;
    expect(loss).toBeCloseTo(expected, 12);
  });

  it('survives JSON as it is', () => {
    expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
  });

  it('gives the top-5 accuracy from ten classes on', () => {
    expect(evaluation.top5Accuracy).toBeUndefined();
    const row = Array.from({ length: 10 }, (_, c) => (10 - c) / 55);
    const names = row.map((_, c) => `class ${c}`);
    const ten = evaluatePredictions(predictions([row, row, row, row], [0, 4, 5, 9], names));
    expect(ten.accuracy).toBe(0.25);
    expect(ten.top5Accuracy).toBe(0.5);
  });

  it('ranks ties so that top-1 is the accuracy', () => {
    const tied = predictions(
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [0.25, 0.75],
      ],
      [0, 1, 1],
      ['a', 'b'],
    );
    expect(topKAccuracy(tied, 1)).toBe(evaluatePredictions(tied).accuracy);
    expect(topKAccuracy(tied, 2)).toBe(1);
  });
});

describe('calibration', () => {
  it('bins by hand', () => {
    // Confidence 0.75 twice (bin 11 of 0…14), one of them right: |1 - 1.5|. Confidence 0.5 (bin 7), right:
    // |1 - 0.5|. Confidence 1 (bin 14), right: 0. Over four images: (0.5 + 0.5) / 4.
    const { calibration } = evaluatePredictions(
      predictions(
        [
          [0.75, 0.25],
          [0.75, 0.25],
          [0.5, 0.5],
          [0, 1],
        ],
        [0, 1, 0, 1],
        ['a', 'b'],
      ),
    );
    expect(calibration.expectedCalibrationError).toBeCloseTo(0.25, 12);
    expect(calibration.bins).toHaveLength(15);
    expect(calibration.bins[11]).toEqual({
      from: 11 / 15,
      to: 12 / 15,
      count: 2,
      accuracy: 0.5,
      confidence: 0.75,
    });
    expect(calibration.bins[7]).toMatchObject({ count: 1, accuracy: 1, confidence: 0.5 });
    expect(calibration.bins[14]).toMatchObject({ count: 1, accuracy: 1, confidence: 1 });
    expect(calibration.bins[0]).toEqual({ from: 0, to: 1 / 15, count: 0, accuracy: null, confidence: null });
  });
});

describe('what cannot be evaluated', () => {
  const failure = (input: Predictions): HarrierError => {
    try {
      evaluatePredictions(input);
    } catch (error) {
      if (error instanceof HarrierError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  it('names the class and image of a NaN', () => {
    const error = failure(
      predictions(
        [
          [1, 0],
          [0.5, Number.NaN],
        ],
        [0, 1],
        ['cat', 'dog'],
      ),
    );
    expect(error.code).toBe('diverged');
    expect(error.message).toContain('class "dog" for image 1 is NaN');
  });

  it.each([
    ['logits', predictions([[7, -3]], [0], ['a', 'b']), 'bad-data', 'softmax'],
    ['infinity', predictions([[Number.POSITIVE_INFINITY, 0]], [0], ['a', 'b']), 'diverged', 'Infinity'],
    ['too few', predictions([[1, 0]], [0, 1], ['a', 'b']), 'bad-shape', '2 × 2'],
    ['a label out of range', predictions([[1, 0]], [2], ['a', 'b']), 'bad-data', '0 to 1'],
    ['a label between', predictions([[1, 0]], [0.5], ['a', 'b']), 'bad-data', '0.5'],
    ['no images', predictions([], [], ['a', 'b']), 'bad-data', 'no images'],
    ['no classes', predictions([], [], []), 'bad-data', 'no classes'],
  ])('refuses %s', (_, input, code, words) => {
    const error = failure(input);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });
});

describe('mostConfidentMistakes', () => {
  it('gives the surest first, ties by index, and no more than asked for', () => {
    const mistakes = mostConfidentMistakes(WORKED, 40);
    expect(mistakes.map(({ index }) => index)).toEqual([5, 1, 4]);
    expect(mistakes[0]).toEqual({ index: 5, label: 2, predicted: 1, probability: 1, labelProbability: 0 });
    expect(mostConfidentMistakes(WORKED, 2)).toEqual(mistakes.slice(0, 2));
    expect(mostConfidentMistakes(WORKED, 0)).toEqual([]);
  });
});
