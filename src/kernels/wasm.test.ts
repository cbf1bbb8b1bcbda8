import { describe, expect, test } from 'vitest';
import { random } from '../data/random.ts';
import { defineKernel, emitWasm, emitWasmSumOfSquares, type Kernel, kernelArguments } from './index.ts';

declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum?: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { run(...parameters: number[]): number } };
};

const memory = new WebAssembly.Memory({ initial: 2 });
const floats = new Float32Array(memory.buffer);

function instantiate(bytes: Uint8Array<ArrayBuffer>, env = { memory }): (...parameters: number[]) => number {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env }).exports.run;
}

/** Runs a kernel over arrays that stand one after another in memory, with a guard element around each. */
function run(
  kernel: Kernel,
  arrays: Record<string, readonly number[]>,
  scalars: Record<string, number> = {},
  first = 1,
): Record<string, number[]> {
  const count = Object.values(arrays)[0].length;
  const guard = 12345;
  floats.fill(guard);
  const begins: Record<string, number> = {};
  let next = first;
  for (const [name, values] of Object.entries(arrays)) {
    begins[name] = next;
    floats.set(values, next);
    next += count + 1;
  }
  const pointers = Object.fromEntries(Object.entries(begins).map(([name, begin]) => [name, begin * 4]));
  instantiate(emitWasm(kernel))(...kernelArguments(kernel, count, pointers, scalars));
  for (const begin of Object.values(begins)) {
    expect(floats[begin - 1]).toBe(guard);
    expect(floats[begin + count]).toBe(guard);
  }
  return Object.fromEntries(
    Object.entries(begins).map(([name, begin]) => [name, [...floats.slice(begin, begin + count)]]),
  );
}

const scaleAndAdd = defineKernel('scaleAndAdd', {
  arrays: ['sum', 'x'],
  scalars: ['factor'],
  updates: ({ sum, x }, { factor }) => ({ sum: sum.plus(x.times(factor)) }),
});

describe('emitWasm', () => {
  test('every operation, on numbers worked out by hand', () => {
    const all = defineKernel('all', {
      arrays: [
        'a',
        'b',
        'sum',
        'difference',
        'product',
        'quotient',
        'least',
        'most',
        'minus',
        'size',
        'root',
      ],
      updates: ({ a, b }) => ({
        sum: a.plus(b),
        difference: a.minus(b),
        product: a.times(b),
        quotient: a.dividedBy(b),
        least: a.minimum(b),
        most: a.maximum(b),
        minus: a.negated(),
        size: b.absolute(),
        root: a.squareRoot(),
      }),
    });
    const nothing = [0, 0, 0, 0, 0];
    const empty = Object.fromEntries(all.arrays.slice(2).map((name) => [name, nothing]));
    expect(run(all, { a: [9, 4, 0.25, 1, 0], b: [2, -8, 0.5, 1, -2], ...empty })).toEqual({
      a: [9, 4, 0.25, 1, 0],
      b: [2, -8, 0.5, 1, -2],
      sum: [11, -4, 0.75, 2, -2],
      difference: [7, 12, -0.25, 0, 2],
      product: [18, -32, 0.125, 1, -0],
      quotient: [4.5, -0.5, 0.5, 1, -0],
      least: [2, -8, 0.25, 1, -2],
      most: [9, 4, 0.5, 1, 0],
      minus: [-9, -4, -0.25, -1, -0],
      size: [2, 8, 0.5, 1, 2],
      root: [3, 2, 0.5, 1, 0],
    });
  });

  test('every length from 0 to 70, at every alignment, touches its elements and no other', () => {
    for (let count = 0; count <= 70; count++) {
      const x = Array.from({ length: count }, (_, i) => i + 1);
      const sum = x.map((each) => 100 * each);
      const { sum: result } = run(scaleAndAdd, { sum, x }, { factor: 0.5 }, 1 + (count % 4));
      expect(result).toEqual(x.map((each) => 100.5 * each));
    }
  });

  test("an element's result does not depend on its place", () => {
    const stream = random(1, 'test/place');
    const kernel = defineKernel('place', {
      arrays: ['a', 'b'],
      scalars: ['c'],
      updates: ({ a, b }, { c }) => ({
        a: a.times(c).plus(b).dividedBy(b.absolute().squareRoot().plus(1e-7)),
      }),
    });
    const a = Array.from({ length: 35 }, () => stream.normal());
    const b = Array.from({ length: 35 }, () => stream.normal());
    const whole = run(kernel, { a, b }, { c: 1.1 }).a;
    for (let from = 0; from < 35; from++) {
      expect(run(kernel, { a: a.slice(from), b: b.slice(from) }, { c: 1.1 }).a).toEqual(whole.slice(from));
    }
  });

  test('reads every old element before it writes a new one', () => {
    const swap = defineKernel('swap', { arrays: ['a', 'b'], updates: ({ a, b }) => ({ a: b, b: a }) });
    const a = Array.from({ length: 21 }, (_, i) => i);
    const b = a.map((each) => -1 - each);
    expect(run(swap, { a, b })).toEqual({ a: b, b: a });
  });

  test('fills from constants and scalars alone, which are combined once', () => {
    const fill = defineKernel('fill', {
      arrays: ['a', 'b'],
      scalars: ['x', 'y'],
      updates: (_, { x, y }) => ({ a: x.dividedBy(y).plus(1), b: x.dividedBy(y) }),
    });
    expect(fill.steps).toHaveLength(5);
    const { a, b } = run(fill, { a: new Array(18).fill(0), b: new Array(18).fill(0) }, { x: 3, y: 4 });
    expect(a).toEqual(new Array(18).fill(1.75));
    expect(b).toEqual(new Array(18).fill(0.75));
  });

  test('NaN and infinity pass through', () => {
    const clip = defineKernel('clip', {
      arrays: ['a'],
      updates: ({ a }) => ({ a: a.maximum(-1).minimum(1) }),
    });
    const values = [Number.NaN, 5, -5, 0.5, Infinity, -Infinity, Number.NaN];
    const expected = [Number.NaN, 1, -1, 0.5, 1, -1, Number.NaN];
    expect(run(clip, { a: values }).a).toEqual(expected);
    const twenty = Array.from({ length: 20 }, (_, i) => values[i % 7]);
    expect(run(clip, { a: twenty }).a).toEqual(twenty.map((_, i) => expected[i % 7]));
  });

  test('a scalar is rounded to float32 on the way in', () => {
    const { sum } = run(scaleAndAdd, { sum: [0], x: [1] }, { factor: 0.1 });
    expect(sum).toEqual([Math.fround(0.1)]);
  });

  test('works in a memory with a maximum, and traps at the end of it', () => {
    const bounded = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    const step = instantiate(emitWasm(scaleAndAdd), { memory: bounded });
    expect(() => step(4, 65536 - 16, 0, 1)).not.toThrow();
    expect(() => step(5, 65536 - 16, 0, 1)).toThrow();
    expect(() => step(16, 65536 - 16, 0, 1)).toThrow();
  });

  test('is small', () => {
    expect(emitWasm(scaleAndAdd).length).toBeLessThan(400);
  });
});

describe('defineKernel', () => {
  test('computes equal sub-expressions once', () => {
    const kernel = defineKernel('twice', {
      arrays: ['a', 'b'],
      updates: ({ a, b }) => ({ a: a.times(b).plus(1), b: a.times(b).minus(1) }),
    });
    expect(kernel.steps.filter((step) => step.kind === 'operation')).toHaveLength(3);
    expect(run(kernel, { a: [2, 3], b: [5, 7] })).toEqual({ a: [11, 22], b: [9, 20] });
  });

  test('and so does its module: a result that is also an operand is not computed twice', () => {
    const kernel = defineKernel('shared', {
      arrays: ['a', 'b'],
      updates: ({ a, b }) => ({ a: a.squareRoot(), b: b.times(a.squareRoot()) }),
    });
    const code = [...emitWasm(kernel)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    expect(code.split('fd e3 01')).toHaveLength(1 + 4 + 1); // four vectors a turn, and the rest
    expect(run(kernel, { a: [4, 9], b: [5, 7] })).toEqual({ a: [2, 3], b: [10, 21] });
  });

  test('tells 0 from −0', () => {
    const kernel = defineKernel('zeros', {
      arrays: ['a', 'b'],
      updates: ({ a, b }) => ({ a: a.times(0), b: b.times(-0) }),
    });
    expect(run(kernel, { a: [1], b: [1] })).toEqual({ a: [0], b: [-0] });
  });

  test('refuses what makes no sense', () => {
    const updates = () => ({});
    expect(() => defineKernel('k', { arrays: ['a'], updates })).toThrow('kernel k: no array is updated.');
    expect(() => defineKernel('k', { arrays: ['a'], scalars: ['a'], updates })).toThrow(
      'kernel k: two arrays or scalars are called "a".',
    );
    expect(() =>
      defineKernel<string>('k', { arrays: ['slot'], updates: ({ slot }) => ({ slott: slot }) }),
    ).toThrow('unknown array in kernel k "slott". Did you mean "slot"?');
    expect(() => kernelArguments(scaleAndAdd, 1, { sum: 0 }, { factor: 1 })).toThrow(
      'kernel scaleAndAdd: the array "x" is missing. It needs sum, x, factor.',
    );
  });
});

describe('emitWasmSumOfSquares', () => {
  const sumOfSquares = instantiate(emitWasmSumOfSquares());

  test('is exact where float64 is, at every length from 0 to 70 and every alignment', () => {
    for (let count = 0; count <= 70; count++) {
      const first = 1 + (count % 4);
      floats.fill(12345);
      let expected = 0;
      for (let i = 0; i < count; i++) {
        floats[first + i] = 4097 - i;
        expected += (4097 - i) ** 2;
      }
      expect(sumOfSquares(count, first * 4)).toBe(expected);
    }
  });

  test('neither overflows nor loses small elements', () => {
    floats.fill(0);
    floats.set([1e30, 1e30]);
    expect(sumOfSquares(2, 0)).toBe(2 * Math.fround(1e30) ** 2);
    floats.fill(Math.fround(1e-3), 0, 30000);
    floats[0] = 1000;
    // float32 would not notice the small ones at all; float64 rounds 7,500 times.
    const expected = 1e6 + 29999 * Math.fround(1e-3) ** 2;
    expect(Math.abs(sumOfSquares(30000, 0) / expected - 1)).toBeLessThan(7500 * 2 ** -53);
  });

  test('is finite only if every element is', () => {
    for (const broken of [Number.NaN, Infinity, -Infinity]) {
      for (let at = 0; at < 35; at++) {
        floats.fill(1, 0, 35);
        floats[at] = broken;
        expect(Number.isFinite(sumOfSquares(35, 0))).toBe(false);
      }
    }
  });
});
