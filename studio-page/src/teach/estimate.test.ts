import { expect, it } from 'vitest';
import { estimateOf, expected, weakestClass } from './estimate.ts';

/** Held-out images of one class: whether each is right, and what it was recorded with. */
const heldOut = (rights: readonly boolean[], groups: readonly (number | undefined)[] = []) =>
  rights.map((right, image) => ({
    id: `${image}`,
    label: 0,
    probabilities: right ? [0.9, 0.1] : [0.2, 0.8],
    ...(groups[image] !== undefined && { group: groups[image] }),
  }));

it('expects less of images that were recorded together than of as many others', () => {
  const rights = Array.from({ length: 100 }, (_, image) => image >= 20);
  const recordings = rights.map((_, image) => Math.floor(image / 10));
  expect(expected(heldOut(rights))).toEqual({ right: 80, lower: 71, upper: 87 });
  const { right, lower, upper } = expected(heldOut(rights, recordings));
  expect(right).toBe(80);
  // As if there were ten images.
  expect(upper - lower).toBeGreaterThan(40);
  const outcome = {
    job: '1',
    classNames: ['a', 'b'],
    imageShape: [8, 8] as const,
    history: [],
    heldOut: heldOut(rights, recordings),
    engine: 'cpu',
    seconds: 1,
    folds: 5,
  };
  expect(estimateOf(outcome)).toContain(
    `80 of 100 held-out images were right: on other images like these, expect ${lower} to ${upper}%`,
  );
});

it('names the weakest class that has enough wrong images, also beside a tiny one that is wrong altogether', () => {
  const images = (label: number, ...predicted: number[]) =>
    predicted.map((each) => ({ label, predicted: each }));
  const large = images(0, 0, 0, 0, 0, 2, 2, 1);
  expect(weakestClass([...images(1, 0, 0), ...large, ...images(2, 2, 2, 2)])).toEqual({
    label: 0,
    count: 7,
    wrong: 3,
    takenFor: 2,
    times: 2,
  });
  expect(weakestClass(images(1, 0, 0))).toBeUndefined();
});
