import { describe, expect, it } from 'vitest';
import { foldsOf } from './folds.ts';

const classNames = ['ant', 'bee', 'fly'];

describe('foldsOf', () => {
  it('holds every image out once, and takes about as many of every class into each fold', () => {
    const labels = Uint16Array.from({ length: 32 }, (_, i) => (i < 20 ? 0 : i < 27 ? 1 : 2));
    const { count, foldOf } = foldsOf({ labels, classNames }, 1)!;
    expect(count).toBe(5);
    for (const [label, images] of [20, 7, 5].entries()) {
      for (let fold = 0; fold < count; fold++) {
        const own = [...foldOf].filter((each, image) => each === fold && labels[image] === label).length;
        expect(own).toBeGreaterThanOrEqual(Math.floor(images / count));
        expect(own).toBeLessThanOrEqual(Math.ceil(images / count));
      }
    }
    expect(foldsOf({ labels, classNames }, 1)).toEqual({ count, foldOf });
    expect(foldsOf({ labels, classNames }, 2)!.foldOf).not.toEqual(foldOf);
  });

  it('divides images without any tag by themselves', () => {
    const tags = Uint8Array.from({ length: 60 }, (_, i) => Number(i % 12 === 0));
    const { foldOf } = foldsOf({ labels: new Uint16Array(60), tags, classNames: ['fox'] }, 1)!;
    expect([...foldOf].filter((_, image) => tags[image] === 1).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(Array.from({ length: 5 }, (_, fold) => foldOf.filter((own) => own === fold).length)).toEqual([
      12, 12, 12, 12, 12,
    ]);
  });

  it('keeps copies together, also copies with another label', () => {
    const labels = Uint16Array.of(0, 0, 0, 1, 1, 1, 1);
    const { foldOf } = foldsOf({ labels, classNames, copies: Uint32Array.of(4, 4, 0, 4, 1, 2, 2) }, 3)!;
    expect(new Set([foldOf[0], foldOf[1], foldOf[3]]).size).toBe(1);
    expect(foldOf[5]).toBe(foldOf[6]);
  });

  it('always trains on the only image of a class, and does without folds where all classes have one', () => {
    expect([...foldsOf({ labels: Uint16Array.of(0, 1, 1, 2, 2), classNames }, 1)!.foldOf]).toEqual([
      -1,
      expect.any(Number),
      expect.any(Number),
      expect.any(Number),
      expect.any(Number),
    ]);
    expect(foldsOf({ labels: Uint16Array.of(0, 1, 2), classNames }, 1)).toBeUndefined();
  });

  it('always trains on a group that alone has some class, whatever else it holds', () => {
    // Ten sites with ants and bees; flies at the fourth alone.
    const [labels, copies]: [number[], number[]] = [[], []];
    for (let site = 0; site < 10; site++) {
      const own = site === 3 ? [0, 1, 2, 2] : [0, 1, 1];
      labels.push(...own);
      copies.push(...own.map(() => site));
    }
    const data = { labels: Uint16Array.from(labels), classNames, copies: Uint32Array.from(copies) };
    const { foldOf } = foldsOf(data, 1)!;
    for (const [image, fold] of foldOf.entries()) expect(fold === -1, `${image}`).toBe(copies[image] === 3);
    // The same of a label beside others.
    const tags = Uint8Array.from(
      labels.flatMap((label) => [Number(label < 2), Number(label === 1), Number(label === 2)]),
    );
    const tagged = foldsOf({ ...data, labels: new Uint16Array(labels.length), tags }, 1)!;
    expect([...tagged.foldOf].flatMap((fold, image) => (fold === -1 ? copies[image] : []))).toEqual([
      3, 3, 3, 3,
    ]);
  });

  it('holds the groups of a rare class out in different folds', () => {
    // Twenty sites with ants; flies at three of them.
    const [labels, copies]: [number[], number[]] = [[], []];
    for (let site = 0; site < 20; site++) {
      const own = [2, 9, 14].includes(site) ? [0, 0, 2] : [0, 0];
      labels.push(...own);
      copies.push(...own.map(() => site));
    }
    const data = { labels: Uint16Array.from(labels), classNames, copies: Uint32Array.from(copies) };
    for (let seed = 1; seed <= 20; seed++) {
      const { foldOf } = foldsOf(data, seed)!;
      expect(new Set(labels.flatMap((label, image) => (label === 2 ? foldOf[image] : []))).size).toBe(3);
    }
  });
});
