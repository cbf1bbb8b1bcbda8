import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Dataset } from './dataset.ts';
import type { FolderRules } from './folder-rules.ts';
import { ascii, hashHeader } from './hash.ts';
import { memoryDataset } from './memory.ts';
import { sha256 } from './sha256.ts';
import { validationSplit } from './split.ts';
import { channelStatistics, classCounts } from './statistics.ts';
import { firstImages, subset } from './subset.ts';

const SHAPE = { height: 2, width: 1, channels: 3 };

/** Image i has all its six bytes equal to i. */
function numbered(labels: number[], classNames = ['a', 'b', 'c']): Dataset {
  const pixels = Uint8Array.from({ length: labels.length * 6 }, (_, i) => Math.floor(i / 6));
  return memoryDataset({ name: 'numbered', classNames, imageShape: SHAPE, labels, pixels });
}

function imagesOf(dataset: Dataset): number[] {
  const out = new Uint8Array(dataset.size * 6);
  dataset.gather(
    Array.from({ length: dataset.size }, (_, i) => i),
    out,
  );
  return Array.from({ length: dataset.size }, (_, i) => out[6 * i]);
}

describe('sha256', () => {
  it.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])('agrees with the native one for %i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37) & 255);
    const expected = createHash('sha256').update(bytes).digest('hex');
    expect(sha256().update(bytes.subarray(0, 13)).update(bytes.subarray(13)).digest()).toBe(expected);
  });
});

describe('memoryDataset', () => {
  it('gathers in the order asked for, repetitions included', () => {
    const out = new Uint8Array(18);
    numbered([0, 1, 2, 0]).gather([3, 0, 3], out);
    expect([...out]).toEqual([...Array(6).fill(3), ...Array(6).fill(0), ...Array(6).fill(3)]);
  });

  it('has the hash that its definition says', () => {
    const set = numbered([2, 1]);
    const header = '{"format":"harrier-dataset-1","classNames":["a","b","c"],"shape":[2,1,3],"size":2}\n';
    const expected = createHash('sha256')
      .update(header)
      .update(Uint8Array.from([2, 0, 1, 0]))
      .update(Uint8Array.from([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]))
      .digest('hex');
    expect(set.hash).toBe(expected);
    expect(numbered([2, 0]).hash).not.toBe(expected);
    expect(numbered([2, 1], ['a', 'b', 'd']).hash).not.toBe(expected);
  });

  it('writes class names of any script as ASCII', () => {
    expect(Buffer.from(ascii('"naïve 猫"')).toString()).toBe('"na\\u00efve \\u732b"');
    expect(hashHeader(['猫'], SHAPE, [0]).every((byte) => byte < 128)).toBe(true);
  });

  it('refuses what does not fit together', () => {
    const base = { name: 'set', classNames: ['a', 'b'], imageShape: SHAPE };
    expect(() => memoryDataset({ ...base, labels: [0], pixels: new Uint8Array(5) })).toThrow(
      /expected 1 × 2 × 1 × 3 = 6 bytes, received 5/,
    );
    expect(() => memoryDataset({ ...base, labels: [2], pixels: new Uint8Array(6) })).toThrow(
      /image 0 has a label without a class: expected a whole number from 0 to 1, received 2/,
    );
  });

  it.each([
    [
      'too few tags',
      { tags: new Uint8Array(5) },
      'tags do not match the images: expected 2 × 3 = 6 numbers, received 5',
    ],
    ['a tag of 7', { tags: Uint8Array.of(0, 1, 0, 0, 7, 0) }, 'image 1 has a tag that is no tag'],
    [
      'too few copies',
      { copies: new Uint32Array(1) },
      'copies are one number for each image: expected 2, received 1',
    ],
    ['two channels', { imageShape: { ...SHAPE, channels: 2 } }, 'received height 2, width 1, channels 2'],
    ['no channels', { imageShape: { height: 2, width: 1 } as typeof SHAPE }, 'channels undefined'],
    ['no height', { imageShape: { ...SHAPE, height: 0 } }, 'this is no shape of images'],
  ])('refuses %s', (_, wrong, message) => {
    const right = { name: 'two', classNames: ['a', 'b', 'c'], imageShape: SHAPE, labels: [0, 1] };
    const pixels = new Uint8Array(12);
    expect(() => memoryDataset({ ...right, pixels, ...wrong })).toThrow(message);
    expect(
      memoryDataset({ ...right, pixels, tags: new Uint8Array(6), copies: new Uint32Array(2) }).size,
    ).toBe(2);
  });

  it('refuses an index outside and a buffer too small', () => {
    const set = numbered([0, 1]);
    expect(() => set.gather([2], new Uint8Array(6))).toThrow(/expected an index from 0 to 1, received 2/);
    expect(() => set.gather([-1], new Uint8Array(6))).toThrow(/received -1/);
    expect(() => set.gather([0, 1], new Uint8Array(11))).toThrow(/expected 12 bytes, received 11/);
  });
});

describe('subset', () => {
  it('is a view in the given order', () => {
    const view = subset(numbered([0, 1, 2, 1]), [3, 1]);
    expect(view.size).toBe(2);
    expect([...view.labels]).toEqual([1, 1]);
    expect(imagesOf(view)).toEqual([3, 1]);
    expect(view.describe(0)).toBe('numbered #3');
    expect(imagesOf(subset(view, [1]))).toEqual([1]);
    expect(() => view.gather([2], new Uint8Array(6))).toThrow(/from 0 to 1/);
  });

  it('has a hash of the indices and the whole', () => {
    const set = numbered([0, 1, 2, 1]);
    expect(subset(set, [3, 1]).hash).toBe(subset(set, [3, 1]).hash);
    expect(subset(set, [1, 3]).hash).not.toBe(subset(set, [3, 1]).hash);
    expect(subset(set, [1, 3]).hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses an index outside', () => {
    expect(() => subset(numbered([0, 1]), [2])).toThrow(/no such image/);
  });
});

describe('firstImages', () => {
  const labels = [0, 0, 0, 0, 1, 1, 2, 0, 1, 2];

  it('takes the first of each class, equally many', () => {
    expect(imagesOf(firstImages(numbered(labels), 6))).toEqual([0, 1, 4, 5, 6, 9]);
  });

  it('fills up from the larger classes when one runs out', () => {
    expect([...classCounts(firstImages(numbered(labels), 8))]).toEqual([3, 3, 2]);
    expect([...classCounts(firstImages(numbered(labels), 9))]).toEqual([4, 3, 2]);
  });

  it('takes one each of the first classes when there are fewer than classes', () => {
    expect(imagesOf(firstImages(numbered(labels), 2))).toEqual([0, 4]);
  });

  it('returns the set itself when it is no larger', () => {
    const set = numbered(labels);
    expect(firstImages(set, 10)).toBe(set);
    expect(firstImages(set, 99)).toBe(set);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %d', (count) => {
    expect(() => firstImages(numbered(labels), count)).toThrow(/expected a whole number from 1/);
  });
});

describe('validationSplit', () => {
  const set = numbered(Array.from({ length: 250 }, (_, i) => (i < 150 ? 0 : i < 249 ? 1 : 2)));

  it('takes the fraction of every class and keeps every image once', () => {
    const { train, validation } = validationSplit(set, 0.1, 1);
    expect([...classCounts(validation)]).toEqual([15, 10, 0]);
    expect([...imagesOf(train), ...imagesOf(validation)].sort((a, b) => a - b)).toEqual(imagesOf(set));
  });

  it('depends on the seed alone', () => {
    const of = (seed: number) => imagesOf(validationSplit(set, 0.2, seed).validation);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  describe('of images in groups', () => {
    // Of 210 images of the first class, 200 are of one group and 10 of another.
    const labels = Array.from({ length: 250 }, (_, i) => Number(i >= 210));
    const groups = Uint32Array.from(labels, (_, i) => (i < 200 ? 0 : i < 210 ? 200 : i));
    const grouped: Dataset = { ...numbered(labels, ['a', 'b']), copies: groups };
    const seeds = [...Array(20).keys()];
    const aside = (dataset: Dataset, rules?: FolderRules) =>
      seeds.map((seed) => validationSplit(dataset, 0.1, seed, rules).validation);
    const counts = (datasets: readonly Dataset[]) => datasets.map((each) => [...classCounts(each)]);

    it('takes no group that is larger than the rest of the fraction', () => {
      expect(counts(aside(grouped))).toEqual(seeds.map(() => [10, 4]));
      // By time, the newest image is of the large group.
      const timed = { ...grouped, times: Float64Array.from(labels, (_, i) => -i) };
      expect(counts(aside(timed))).toEqual(seeds.map(() => [10, 4]));
      expect(imagesOf(validationSplit(timed, 0.1, 1).validation).slice(10)).toEqual([210, 211, 212, 213]);
    });

    it('does not take it for the sake of another class either', () => {
      // Nearly all of the second class is together with one image of the first.
      const copies = Uint32Array.from(labels, (_, i) => (i === 0 || i >= 212 ? 0 : i));
      expect(counts(aside({ ...grouped, copies }))).toEqual(seeds.map(() => [21, 2]));
    });

    it('takes the smallest of groups that all are larger than the fraction', () => {
      const copies = Uint32Array.from(labels, (_, i) => (i < 120 ? 0 : i < 210 ? 120 : i));
      expect(counts(aside({ ...grouped, copies }))).toEqual(seeds.map(() => [90, 4]));
      // By time the newest of them.
      const times = Float64Array.from(labels, (_, i) => -i);
      expect(counts(aside({ ...grouped, copies, times }))).toEqual(seeds.map(() => [120, 4]));
    });

    it('is as it was for runs of before, and where no images belong together', () => {
      for (const rules of [2, 3] as const) {
        const before = aside(grouped, rules);
        expect(before.slice(0, 3).map((each) => imagesOf(each).slice(200))).toEqual([
          [214, 227, 237, 239],
          [216, 219, 245, 247],
          [210, 218, 222, 227],
        ]);
        expect(aside(set, rules).map(imagesOf)).toEqual(aside(set).map(imagesOf));
      }
    });
  });

  it.each([0, 1, -0.5, Number.NaN])('refuses the fraction %d', (fraction) => {
    expect(() => validationSplit(set, fraction, 1)).toThrow(/above 0 and below 1/);
  });

  it('refuses a set of single images', () => {
    expect(() => validationSplit(numbered([0, 1, 2]), 0.5, 1)).toThrow(/too few images/);
  });
});

describe('channelStatistics', () => {
  it('agrees with the plain definition', () => {
    const pixels = Uint8Array.from([10, 0, 255, 20, 0, 255, 30, 4, 255, 40, 4, 255]);
    const set = memoryDataset({ name: 's', classNames: ['a'], imageShape: SHAPE, labels: [0, 0], pixels });
    const { mean, standardDeviation } = channelStatistics(set);
    expect(mean).toEqual([25, 2, 255]);
    expect(standardDeviation[0]).toBeCloseTo(Math.sqrt(125), 12);
    expect(standardDeviation.slice(1)).toEqual([2, 0]);
  });
});
