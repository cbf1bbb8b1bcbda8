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
});
