import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import { anyObject, count, flag, fraction, list, number, object, oneOf, optional, text } from './kinds.ts';

const record = object({
  name: text(),
  epochs: count,
  split: optional(fraction),
  skip: flag,
  device: optional(oneOf(['cpu', 'gpu'])),
  rate: number({ above: 0 }),
  weight: optional(number({ atLeast: 0, atMost: 1 })),
  classes: list(text(), { atLeast: 1, words: 'a list of texts' }),
  optimizer: anyObject,
  image: object({ height: count }),
});
const right = {
  name: 'mine',
  epochs: 3,
  skip: false,
  rate: 0.1,
  classes: ['cat'],
  optimizer: { name: 'SGD' },
  image: { height: 8, width: 8 },
  later: 'a field of a newer version',
};
const complaint = {
  where: 'run.json',
  summary: (field: string) => `its field "${field}" cannot be used`,
  next: 'Restore the file.',
};

describe('check', () => {
  it('gives back what fits, with the fields that the schema does not know', () => {
    expect(check(record, right, complaint)).toEqual(right);
  });

  it.each<[object, string]>([
    [{ epochs: 2.5 }, '"epochs" cannot be used: expected a whole number of at least 1, received 2.5.'],
    [{ epochs: 0 }, '"epochs" cannot be used: expected a whole number of at least 1, received 0.'],
    [{ epochs: '3' }, '"epochs" cannot be used: expected a whole number of at least 1, received "3".'],
    [
      { epochs: undefined },
      '"epochs" cannot be used: expected a whole number of at least 1, received nothing.',
    ],
    [{ epochs: null }, '"epochs" cannot be used: expected a whole number of at least 1, received null.'],
    [
      { split: 1 },
      '"split" cannot be used: expected a number of at least 0 and below 1, or nothing, received 1.',
    ],
    [{ rate: Number.NaN }, '"rate" cannot be used: expected a number above 0, received NaN.'],
    [
      { rate: Number.POSITIVE_INFINITY },
      '"rate" cannot be used: expected a number above 0, received Infinity.',
    ],
    [{ weight: -1 }, '"weight" cannot be used: expected a number from 0 to 1, or nothing, received -1.'],
    [{ skip: 'yes' }, '"skip" cannot be used: expected true or false, received "yes".'],
    [{ device: 'tpu' }, '"device" cannot be used: expected "cpu" or "gpu", or nothing, received "tpu".'],
    [{ name: '  ' }, '"name" cannot be used: expected a text, received "  ".'],
    [{ classes: [] }, '"classes" cannot be used: expected a list of texts, received [].'],
    [{ classes: ['cat', 3] }, '"classes[1]" cannot be used: expected a text, received 3.'],
    [{ optimizer: [] }, '"optimizer" cannot be used: expected an object, received [].'],
    [{ image: 8 }, '"image" cannot be used: expected an object, received 8.'],
    [
      { image: {} },
      '"image.height" cannot be used: expected a whole number of at least 1, received nothing.',
    ],
  ])('says what is wrong with %j', (change, sentence) => {
    expect(() => check(record, { ...right, ...change }, complaint)).toThrow(
      `run.json: its field ${sentence} Restore the file.`,
    );
  });

  it('has the code that it is told', () => {
    const code = 'bad-checkpoint' as const;
    expect(() => check(count, 0, { code, summary: () => 'this is no count' })).toThrow(
      expect.objectContaining({
        code,
        message: 'this is no count: expected a whole number of at least 1, received 0.',
      }),
    );
  });
});
