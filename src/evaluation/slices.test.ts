import { describe, expect, it } from 'vitest';
import type { Predictions } from './predictions.ts';
import { accuracyBy, slicesText } from './slices.ts';

const STYLE = { strong: (text: string) => text, faint: (text: string) => text };

/** So many images of a class, of which some are right, with one value. */
type Lot = readonly [value: string | undefined, label: number, images: number, right: number];

function lots(given: readonly Lot[]): { predictions: Predictions; values: (string | undefined)[] } {
  const images = given.flatMap(([value, label, count, right]) =>
    Array.from({ length: count }, (_, i) => ({ value, label, isRight: i < right })),
  );
  return {
    values: images.map(({ value }) => value),
    predictions: {
      classNames: ['ant', 'bee'],
      labels: images.map(({ label }) => label),
      probabilities: Float32Array.from(
        images.flatMap(({ label, isRight }) => ((label === 0) === isRight ? [0.9, 0.1] : [0.1, 0.9])),
      ),
    },
  };
}

const phones: readonly Lot[] = [
  ['phone', 0, 30, 27],
  ['phone', 1, 40, 38],
  ['scope', 0, 10, 4],
  ['scope', 1, 20, 15],
];

describe('accuracy by a value of each image', () => {
  it('tests each value against the others, class by class', () => {
    const { predictions, values } = lots(phones);
    const [scope, phone] = accuracyBy(predictions, values);
    expect(scope).toMatchObject({ value: 'scope', images: 30, correct: 19, accuracy: 19 / 30 });
    expect(phone).toMatchObject({ value: 'phone', images: 70, correct: 65 });
    // statsmodels 0.15.0: StratifiedTable([[[4, 6], [27, 3]], [[15, 5], [38, 2]]]).test_null_odds(correction=True).
    // With two values it is one difference that is tested, from both sides.
    expect(scope.p! / 0.00034991877937340377).toBeCloseTo(1, 9);
    expect(phone.p! / scope.p!).toBeCloseTo(1, 9);
  });

  it('says what the classes of its images would make of it', () => {
    // All ants are right and all bees wrong: the values differ in nothing but their classes.
    const { predictions, values } = lots([
      ['day', 0, 30, 30],
      ['day', 1, 10, 0],
      ['night', 0, 5, 5],
      ['night', 1, 35, 0],
    ]);
    const slices = accuracyBy(predictions, values);
    expect(slices.map(({ value, accuracy, expected }) => [value, accuracy, expected])).toEqual([
      ['night', 0.125, 0.125],
      ['day', 0.75, 0.75],
    ]);
    expect(slices.map(({ p }) => p)).toEqual([1, 1]);
  });

  it('finds no difference where there is none', () => {
    const { predictions, values } = lots([
      ['a', 0, 20, 18],
      ['b', 0, 20, 18],
      ['c', 0, 20, 17],
      ['c', 1, 10, 9],
    ]);
    for (const { p } of accuracyBy(predictions, values)) expect(p).toBe(1);
  });

  it('is less sure of images that come in groups', () => {
    const { predictions, values } = lots(phones);
    const groups = values.map((_, image) => Math.floor(image / 10));
    const plain = accuracyBy(predictions, values);
    const grouped = accuracyBy({ ...predictions, groups }, values);
    expect(grouped[0].p).toBeGreaterThan(3 * plain[0].p!);
    // A group of one is none.
    expect(accuracyBy({ ...predictions, groups: values.map((_, image) => image) }, values)).toEqual(plain);
    expect(grouped[0].interval95[1]).toBeGreaterThan(plain[0].interval95[1]);
  });

  it('puts images of which nothing is said last', () => {
    const { predictions, values } = lots([...phones, [undefined, 0, 5, 0]]);
    expect(accuracyBy(predictions, values).map(({ value }) => value)).toEqual(['scope', 'phone', undefined]);
  });

  it('takes many numbers, or dates, as four ranges with as many images each', () => {
    const ages = Array.from({ length: 40 }, (_, i) => String(20 + i));
    const { predictions } = lots([['', 0, 40, 30]]);
    const names = (values: readonly string[]) =>
      accuracyBy(predictions, values).map(({ value, images }) => `${value}: ${images}`);
    expect(names(ages).sort()).toEqual(['20 to 29: 10', '30 to 39: 10', '40 to 49: 10', '50 to 59: 10']);
    const days = ages.map((_, i) => `2026-${i < 20 ? '08' : '09'}-${String((i % 20) + 1).padStart(2, '0')}`);
    expect(names(days).sort()[2]).toBe('2026-09-01 to 2026-09-10: 10');
    // Images with one value stay together, however many they are.
    expect(names(ages.map((age, i) => (i < 25 ? '7' : age))).sort()).toEqual([
      '45 to 49: 5',
      '50 to 59: 10',
      '7: 25',
    ]);
    expect(names(ages.map((age) => `person ${age}`))).toHaveLength(40);
    expect(names(ages.map((age) => String(Number(age) % 10)))).toHaveLength(10);
  });

  it('judges images with any number of labels by whether all are right', () => {
    const tags = Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 1);
    const predictions = {
      classNames: ['ant', 'bee'],
      labels: [0, 0, 0, 1],
      tags,
      probabilities: Float32Array.of(0.9, 0.1, 0.9, 0.2, 0.1, 0.1, 0.2, 0.8),
    };
    const slices = accuracyBy(predictions, ['x', 'y', 'y', 'x']);
    expect(slices.map(({ value, correct, expected }) => [value, correct, expected])).toEqual([
      ['y', 1, undefined],
      ['x', 2, undefined],
    ]);
  });

  it('refuses values of other images', () => {
    expect(() => accuracyBy(lots(phones).predictions, ['a'])).toThrow('there are 1 values for 100 images');
  });
});

describe('slicesText', () => {
  it('is a table with what differs, the weakest first', () => {
    const { predictions, values } = lots(phones);
    expect(slicesText(accuracyBy(predictions, values), 'camera', STYLE)).toEqual([
      '',
      'Accuracy by camera',
      '       images  accuracy  95% interval  by its classes',
      'scope      30    63.33%  45.51–78.13%          84.72%  worse than the others (p < 0.001)',
      'phone      70    92.86%  84.34–96.91%          83.69%  better than the others (p < 0.001)',
      '"By its classes": the accuracy if each class were as easy here as in all images.',
    ]);
  });

  it('names the weakest of many values', () => {
    const { predictions } = lots([['', 0, 40, 30]]);
    const slices = accuracyBy(
      predictions,
      Array.from({ length: 40 }, (_, i) => `person ${i}`),
    );
    const text = slicesText(slices, 'person', STYLE);
    expect(text).toHaveLength(3 + 30 + 2);
    expect(text[33]).toBe('… and 10 more values with higher accuracy.');
  });
});
