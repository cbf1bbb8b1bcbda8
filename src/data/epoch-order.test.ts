import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { classWeights } from './class-weight.ts';
import { epochOrder } from './epoch-order.ts';
import { memoryDataset } from './memory.ts';

/** 60 cats, 10 dogs, 3 ships, no birds. */
const labels = [...Array(60).fill(0), ...Array(10).fill(1), ...Array(3).fill(2)];
const dataset = memoryDataset({
  name: 'animals',
  classNames: ['cat', 'dog', 'ship', 'bird'],
  imageShape: { height: 1, width: 1, channels: 3 },
  labels,
  pixels: new Uint8Array(73 * 3),
});
const order = (more: object = {}) => epochOrder(dataset, { seed: 1, epoch: 0, ...more });
const times = (images: Iterable<number>) => {
  const counts = new Map<number, number>();
  for (const image of images) counts.set(image, (counts.get(image) ?? 0) + 1);
  return counts;
};

describe('natural sampling', () => {
  it('shows every image once, in an order of seed and epoch', () => {
    const { images, draws } = order();
    expect([...images].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
    expect(draws).toEqual(images);
    expect(order()).toEqual(order());
    expect(order({ epoch: 1 }).images).not.toEqual(images);
    expect(order({ seed: 2 }).images).not.toEqual(images);
  });
});

describe('balanced sampling', () => {
  const epochs = Array.from({ length: 30 }, (_, epoch) => order({ epoch, sampling: 'balanced' }));

  it('shows classes equally often, to one image', () => {
    const total = [0, 0, 0, 0];
    for (const { images } of epochs) {
      expect(images.length).toBe(73);
      const perClass = [0, 0, 0, 0];
      for (const image of images) perClass[labels[image]]++;
      expect(perClass.slice(0, 3).every((count) => count === 24 || count === 25)).toBe(true);
      expect(perClass[3]).toBe(0);
      for (const [i, count] of perClass.entries()) total[i] += count;
    }
    // 24 ⅓ each of 30 epochs; the odd one falls on each with chance ⅓: standard deviation 2.6.
    for (const count of total.slice(0, 3)) expect(Math.abs(count - 730)).toBeLessThan(13);
  });

  it('shows no image again before all others of its class', () => {
    for (const { images } of epochs) {
      const counts = times(images);
      for (const [image, count] of counts) {
        const own = [[1], [2, 3], [8, 9]][labels[image]];
        expect(own.includes(count)).toBe(true);
      }
      expect([...counts.keys()].filter((image) => labels[image] > 0).length).toBe(13);
    }
    // Other cats in other epochs.
    expect(new Set(epochs.flatMap(({ images }) => [...images])).size).toBe(73);
  });

  it('gives every showing of an image random changes of its own', () => {
    for (const { images, draws } of epochs) {
      expect(new Set(draws).size).toBe(73);
      draws.forEach((draw, i) => {
        expect(draw % 73).toBe(images[i]);
      });
    }
  });

  it('is mixed: classes do not come one after another', () => {
    const { images } = epochs[0];
    const changes = images.filter((image, i) => i > 0 && labels[image] !== labels[images[i - 1]]).length;
    expect(changes).toBeGreaterThan(30);
  });

  it('refuses a kind that there is not', () => {
    expect(() => order({ sampling: 'balancd' })).toThrow(
      'unknown sampling "balancd". Did you mean "balanced"? There are: natural, balanced.',
    );
  });
});

describe('class weights', () => {
  it('balanced: all classes count alike, and an average image 1', () => {
    const weights = classWeights(dataset, 'balanced');
    const perClass = [60, 10, 3].map((count, i) => count * weights[i]);
    for (const sum of perClass) expect(sum).toBeCloseTo(73 / 3, 10);
    expect(weights[3]).toBe(0);
  });

  it('by name, and 1 for all others', () => {
    expect(classWeights(dataset, { dog: 2, ship: 0 })).toEqual([1, 2, 0, 1]);
    expect(classWeights(dataset)).toEqual([1, 1, 1, 1]);
  });

  it.each<[unknown, string]>([
    [{ dgo: 2 }, 'unknown class of animals "dgo". Did you mean "dog"? There are: cat, dog, ship, bird.'],
    [{ dog: -1 }, 'class weight: expected a number from 0 for "dog", received -1.'],
    [{ dog: '2' }, 'class weight: expected a number from 0 for "dog", received "2".'],
    ['balance', 'class weight: expected "balanced" or { name: weight }, received "balance".'],
    [{ cat: 0, dog: 0, ship: 0, bird: 0 }, 'class weight: expected a weight above 0 for some class'],
  ])('refuses %j', (given, message) => {
    expect(() => classWeights(dataset, given as never)).toThrow(HarrierError);
    expect(() => classWeights(dataset, given as never)).toThrow(message);
  });
});
