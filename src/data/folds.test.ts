import { describe, expect, it } from 'vitest';
import { type Folding, foldsOf } from './folds.ts';

interface Images {
  readonly labels: readonly number[];
  readonly copies?: readonly number[];
  readonly times?: readonly number[];
}

const images = ({ labels, copies, times }: Images) => ({
  name: 'toys',
  size: labels.length,
  classNames: ['ant', 'bee', 'cat'],
  labels: Uint16Array.from(labels),
  ...(copies && { copies: Uint32Array.from(copies) }),
  ...(times && { times: Float64Array.from(times) }),
});
/** 60 ants, 30 bees and 10 cats, mixed. */
const labels = Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? 2 : i % 10 < 4 ? 1 : 0));

/** That each image is held out at most once, and is trained on wherever it is not held out. */
function checkPartition({ folds, evaluated }: Folding, size: number): void {
  const held = folds.flatMap(({ heldOut }) => [...heldOut]);
  expect(held.toSorted((a, b) => a - b)).toEqual([...evaluated]);
  expect(new Set(held).size).toBe(held.length);
  for (const { train, heldOut } of folds) {
    expect([...train, ...heldOut].toSorted((a, b) => a - b)).toEqual([...Array(size).keys()]);
  }
}

describe('folds', () => {
  it('hold out each image once, with the same number of every class', () => {
    const folding = foldsOf(images({ labels }), 5, 1);
    checkPartition(folding, 100);
    expect(folding.evaluated.length).toBe(100);
    for (const { heldOut } of folding.folds) {
      const counts = [0, 0, 0];
      for (const image of heldOut) counts[labels[image]]++;
      expect(counts).toEqual([12, 6, 2]);
    }
    const of = (seed: number) => foldsOf(images({ labels }), 5, seed).folds[0].heldOut;
    expect(of(1)).toEqual(folding.folds[0].heldOut);
    expect(of(2)).not.toEqual(of(1));
  });

  it('hold out as many images of every label, where an image has several', () => {
    // Of 90 images 45 show ants, 30 bees and 9 cats, in all combinations and none.
    const rows = Array.from({ length: 90 }, (_, i) => [
      Number(i % 2 === 0),
      Number(i % 3 === 0),
      Number(i % 10 === 1),
    ]);
    const tags = Uint8Array.from(rows.flat());
    const folding = foldsOf({ ...images({ labels: rows.map(() => 0) }), tags }, 3, 1);
    checkPartition(folding, 90);
    for (const { heldOut } of folding.folds) {
      const counts = [0, 1, 2].map((label) => [...heldOut].filter((image) => rows[image][label]).length);
      const off = counts.map((count, label) => Math.abs(count - [15, 10, 3][label]));
      expect(Math.max(...off)).toBeLessThanOrEqual(1);
      expect(Math.abs(heldOut.length - 30)).toBeLessThanOrEqual(1);
    }
  });

  it('never divide a group, and stay as even as groups allow', () => {
    // 20 people with 5 images each, of several classes.
    const copies = labels.map((_, i) => Math.floor(i / 5) * 5);
    const folding = foldsOf(images({ labels, copies }), 4, 3);
    checkPartition(folding, 100);
    for (const { train, heldOut } of folding.folds) {
      const people = new Set([...heldOut].map((image) => copies[image]));
      expect([...train].some((image) => people.has(copies[image]))).toBe(false);
      expect(heldOut.length).toBe(25);
    }
  });

  it('always train on a class that is one group, and say so', () => {
    const own = [...labels.slice(0, 20).map((label) => label % 2), 2, 2];
    const copies = own.map((label, i) => (label === 2 ? 20 : i));
    const folding = foldsOf(images({ labels: own, copies }), 2, 1);
    checkPartition(folding, 22);
    expect([...folding.evaluated]).toEqual([...Array(20).keys()]);
    expect(folding.notes).toEqual([
      '"cat" has one image, or images of one group: 2 images are trained on in every fold, and not evaluated.',
    ]);
  });

  it('by time train on older images alone', () => {
    const times = labels.map((_, i) => (i * 37) % 100);
    const { folds, evaluated, notes } = foldsOf(images({ labels, times }), 4, 1);
    expect(evaluated.length).toBe(80);
    for (const { train, heldOut } of folds) {
      const newest = Math.max(...[...train].map((image) => times[image]));
      expect([...heldOut].every((image) => times[image] > newest)).toBe(true);
    }
    expect(folds.map(({ train }) => train.length)).toEqual([20, 40, 60, 80]);
    expect(notes[0]).toMatch(/^Folds go by time: the oldest 20 images/);
  });

  it('by time never divide images of one time', () => {
    // Two images of each class at each of 15 times: the order of the classes must not decide.
    const own = Array.from({ length: 90 }, (_, i) => Math.floor(i / 30));
    const times = own.map((_, i) => Math.floor((i % 30) / 2));
    const { folds, evaluated } = foldsOf(images({ labels: own, times }), 4, 1);
    expect(evaluated.length).toBe(72);
    for (const { train, heldOut } of folds) {
      const newest = Math.max(...[...train].map((image) => times[image]));
      expect([...heldOut].every((image) => times[image] > newest)).toBe(true);
      expect([0, 1, 2].map((label) => [...heldOut].filter((image) => own[image] === label).length)).toEqual([
        6, 6, 6,
      ]);
    }
    // Runs of before go on as they began.
    expect(foldsOf(images({ labels: own, times: own.map(() => 1) }), 4, 1, 2).evaluated.length).toBe(72);
    expect(() => foldsOf(images({ labels: own, times: own.map(() => 1) }), 4, 1)).toThrow(
      /a fold has no images: too many are of one time/,
    );
  });

  it('refuse more folds than there are groups', () => {
    const copies = labels.map((_, i) => Math.floor(i / 50));
    expect(() => foldsOf(images({ labels, copies }), 3, 1)).toThrow(
      'expected 2 to 2 folds: images that belong together stay in one, received 3',
    );
    expect(() => foldsOf(images({ labels }), 1, 1)).toThrow('received 1');
    expect(() => foldsOf(images({ labels, copies: labels.map(() => 0) }), 2, 1)).toThrow(
      /cannot be divided into folds: expected 2 groups of images or more: .*, received 1\. Add images that differ/,
    );
  });
});
