import { describe, expect, it } from 'vitest';
import { philox, random } from './random.ts';

describe('philox', () => {
  // The known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10).
  it.each([
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      expected: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      expected: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      expected: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])('gives the published block for counter $counter', ({ counter: [c0, c1, c2, c3], key, expected }) => {
    const out = new Uint32Array(4);
    philox(c0, c1, c2, c3, key[0], key[1], out);
    expect([...out]).toEqual(expected);
  });
});

describe('random', () => {
  it('is a pure function of seed, purpose and counters', () => {
    const draw = () => Array.from({ length: 10 }, random(7, 'shuffle', 3, 5).uint32);
    expect(draw()).toEqual(draw());
  });

  it('draws differently for another seed, purpose or counter', () => {
    const streams = [
      random(1, 'shuffle', 0),
      random(2, 'shuffle', 0),
      random(1 + 2 ** 32, 'shuffle', 0),
      random(1, 'dropout', 0),
      random(1, 'shuffle', 1),
      random(1, 'shuffle', 0, 1),
    ];
    const draws = streams.flatMap((stream) => Array.from({ length: 1000 }, stream.uint32));
    // 6,000 of 2³² values: a repetition by chance has probability 0.4%, and the seed is fixed.
    expect(new Set(draws).size).toBe(draws.length);
  });

  it('has independent purposes: no correlation between their draws', () => {
    const count = 20_000;
    const a = random(11, 'shuffle');
    const b = random(11, 'augment');
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5);
    // Standard deviation of the correlation under independence: 1/√count; five of them.
    expect(Math.abs((sum / count) * 12)).toBeLessThan(5 / Math.sqrt(count));
  });

  it('is uniform on [0, 1): chi-squared over 100 cells', () => {
    const stream = random(5, 'uniform');
    const cells = new Float64Array(100);
    const count = 100_000;
    for (let i = 0; i < count; i++) {
      cells[Math.floor(stream.uniform() * 100)]++;
    }
    // A draw outside [0, 1) would have fallen outside the cells.
    expect(cells.reduce((a, b) => a + b)).toBe(count);
    const chiSquared = cells.reduce((sum, n) => sum + (n - count / 100) ** 2 / (count / 100), 0);
    // 99 degrees of freedom: mean 99, standard deviation 14.
    expect(chiSquared).toBeGreaterThan(50);
    expect(chiSquared).toBeLessThan(160);
  });

  it('gives standard normals', () => {
    const stream = random(6, 'normal');
    const values = Array.from({ length: 100_000 }, stream.normal);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    const within = values.filter((v) => Math.abs(v) < 1.96).length / values.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
    expect(within).toBeCloseTo(0.95, 2);
  });

  it('gives integers below the bound, each equally often', () => {
    const stream = random(8, 'integer');
    const counts = new Float64Array(7);
    for (let i = 0; i < 70_000; i++) counts[stream.integer(7)]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('permutes: every number once, every place equally likely', () => {
    const order = random(9, 'shuffle', 1).permutation(1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    const firsts = new Float64Array(5);
    for (let epoch = 0; epoch < 5000; epoch++) firsts[random(9, 'shuffle', epoch).permutation(5)[0]]++;
    for (const count of firsts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('refuses a third counter', () => {
    expect(() => random(1, 'x', 1, 2, 3)).toThrow('at most 2 counters');
  });
});
