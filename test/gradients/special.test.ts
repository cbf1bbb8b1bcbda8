/** Points at which a derivative is a matter of convention, or of care: ties, corners, zeros, infinities. */
import { describe, expect, it } from 'vitest';
import { type Attributes, float } from '../../src/onnx/index.ts';
import type { Target } from '../../src/passes/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { of, row, scalar } from '../oracle/cases/case.ts';
import type { OracleCase } from '../oracle/cases.ts';
import { oracle } from '../oracle/index.ts';
import { gradientsOf, normal } from './check.ts';
import { problemOf } from './table.ts';

const runtime = nodeRuntime({ threads: 1 });
const TARGETS: readonly Target[] = ['cpu', 'webgpu'];

/** dx at given points, with dy = 1 everywhere. */
async function slopes(op: string, points: readonly number[], attributes: Attributes = {}): Promise<number[]> {
  const [dx] = await gradientsOf(
    problemOf(row(op, [of(points)], attributes)),
    runtime,
    points.map(() => 1),
  );
  return dx.map((value) => value + 0); // −0 is 0
}

describe('corners', () => {
  it.each<[string, readonly number[], readonly number[], Attributes?]>([
    ['Relu', [-1, 0, 1e-30, 1, 1e30], [0, 0, 1, 1, 1]],
    ['Abs', [-2, 0, 3], [-1, 0, 1]],
    ['LeakyRelu', [-1, 0, 1], [0.25, 0.25, 1], { alpha: float(0.25) }],
    ['Elu', [0, 1], [2, 1], { alpha: float(2) }],
    ['HardSigmoid', [-2.5, 0, 2.5], [0, 0.5, 0], { alpha: float(0.5), beta: float(0.5) }],
    ['HardSwish', [-4, 4], [0, 1]],
  ])('of %s', async (op, points, expected, attributes) => {
    expect(await slopes(op, points, attributes)).toEqual(expected);
  });

  it('of Clip: nothing passes at a limit or beyond', async () => {
    const problem = problemOf(row('Clip', [of([-2, -1, 0, 1, 2]), scalar(-1), scalar(1)]));
    const [dx] = await gradientsOf(problem, runtime, [1, 1, 1, 1, 1]);
    expect(dx).toEqual([0, 0, 1, 0, 0]);
  });

  it.each<[number, number]>([
    [0, 6],
    [-1, 1],
    [0.1, 0.7],
    [1, 1e9],
    [0, 1e-9],
  ])('of Clip between constant limits %d and %d, wherever their middle is rounded', async (low, high) => {
    const [from, to] = [Math.fround(low), Math.fround(high)];
    const inside = Math.fround((from + to) / 2);
    const [next, last] = [from + (to - from) / 1024, to - (to - from) / 1024].map(Math.fround);
    const points = [from - to, from, next, inside, last, to, 2 * to];
    const limits = [low, high].map((limit) => ({ ...scalar(limit), constant: true }));
    const problem = problemOf(row('Clip', [of(points), ...limits]));
    const [dx] = await gradientsOf(
      problem,
      runtime,
      points.map(() => 1),
    );
    expect(dx).toEqual([0, 0, 1, 1, 1, 0, 0]);
  });

  it.each(['Max', 'Min'])('of %s: one of two equals takes all', async (op) => {
    const problem = problemOf(row(op, [of([1, 2, 3]), of([1, 5, 0])]));
    const [da, db] = await gradientsOf({ ...problem, wrt: [0, 1] }, runtime, [1, 10, 100]);
    expect(da.map((value, i) => value + db[i])).toEqual([1, 10, 100]);
    expect(da.slice(1)).toEqual(op === 'Max' ? [0, 100] : [10, 0]);
  });
});

describe('zeros', () => {
  it('under a power', async () => {
    const powers = problemOf(row('Pow', [of([0, 0, 0, 0]), { ...of([0, 1, 2, 3]), constant: true }]));
    expect(await gradientsOf(powers, runtime, [1, 1, 1, 1])).toEqual([[0, 1, 0, 0]]);
    const both = problemOf(row('Pow', [of([0, 0, 2]), of([1, 2, 0])]));
    const [, exponent] = await gradientsOf({ ...both, wrt: [0, 1] }, runtime, [1, 1, 1]);
    expect(exponent[0]).toBe(0);
    expect(exponent[1]).toBe(0);
    expect(exponent[2]).toBeCloseTo(Math.LN2, 6);
  });
});

it('the norm of nothing but zeros has no slope', async () => {
  const axes = { ...of([1]), type: 'int64' as const, constant: true };
  const problem = problemOf(row('ReduceL2', [of([0, 0, 3, 4], 2, 2), axes]));
  const [dx] = await gradientsOf(problem, runtime, [1, 10]);
  expect(dx.slice(0, 2)).toEqual([0, 0]);
  expect(dx[2]).toBeCloseTo(6, 5);
  expect(dx[3]).toBeCloseTo(8, 5);
});

describe('softmax far out stays finite', () => {
  const x = [1000, 999, -1000, 88, 0, -88];
  it.each(['Softmax', 'LogSoftmax'])('%s', async (op) => {
    const problem = problemOf(row(op, [of(x, 2, 3)]));
    const dy = [1, -2, 3, 0.5, -1, 2];
    const p = oracle.Softmax([problem.inputs[0]], {})[0].data;
    const expected = x.map((_, i) => {
      const group = [0, 1, 2].map((k) => k + 3 * Math.floor(i / 3));
      const sum = group.reduce((total, k) => total + dy[k] * (op === 'Softmax' ? p[k] : 1), 0);
      return op === 'Softmax' ? p[i] * (dy[i] - sum) : dy[i] - p[i] * sum;
    });
    const [dx] = await gradientsOf(problem, runtime, dy);
    dx.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 6);
    });
  });
});

describe.each(TARGETS)('ties in MaxPool, lowered for %s', (target) => {
  const flat = (values: number | readonly number[], dims: number[], attributes: Attributes): OracleCase => {
    const count = dims.reduce((product, size) => product * size, 1);
    return row(
      'MaxPool',
      [of(typeof values === 'number' ? new Array(count).fill(values) : values, ...dims)],
      attributes,
    );
  };
  const pooled = async (given: OracleCase) => {
    const problem = problemOf(given);
    const y = problem.reference(problem.inputs);
    const dy = Array.from(normal(y.data.length, 'ties'), Math.fround);
    const [dx] = await gradientsOf(problem, runtime, dy, target);
    return { x: problem.inputs[0]!, y, dy, dx };
  };
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

  it('shares what one window brings, and no more', async () => {
    const { dx, dy } = await pooled(flat(0.5, [1, 2, 4, 6], { kernel_shape: [2, 3], strides: [2, 3] }));
    dy.forEach((value, window) => {
      const [plane, r, c] = [Math.floor(window / 4), Math.floor(window / 2) % 2, window % 2];
      const cells = dx.filter((_, i) => {
        const [p, h, w] = [Math.floor(i / 24), Math.floor(i / 6) % 4, i % 6];
        return p === plane && Math.floor(h / 2) === r && Math.floor(w / 3) === c;
      });
      expect(sum(cells)).toBeCloseTo(value, 5);
    });
  });

  it.each<[string, Attributes]>([
    ['in overlapping windows', { kernel_shape: [3, 3], strides: [2, 2] }],
    ['against padding', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['with a remainder', { kernel_shape: [2, 2], strides: [2, 2] }],
    ['rounded up', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }],
    ['spread', { kernel_shape: [2, 2], dilations: [2, 2], pads: [1, 1, 1, 1] }],
  ])('lose nothing %s', async (_, attributes) => {
    // Zero everywhere is what ReLU often leaves, and what padding must not be taken for.
    for (const value of [0, -1]) {
      const { dx, dy } = await pooled(flat(value, [1, 1, 7, 7], attributes));
      expect(sum(dx)).toBeCloseTo(sum(dy), 4);
    }
  });

  it('go to maxima and to nothing else', async () => {
    const values = [1, 3, 3, 0, 2, 3, 1, 1, 0, 0, 0, 0, 5, 5, 0, 0];
    const { dx, x } = await pooled(flat(values, [1, 1, 4, 4], { kernel_shape: [2, 2], strides: [1, 1] }));
    const isMaximum = (i: number) =>
      [0, 1, 2].some((r) =>
        [0, 1, 2].some((c) => {
          const cells = [r * 4 + c, r * 4 + c + 1, (r + 1) * 4 + c, (r + 1) * 4 + c + 1];
          return cells.includes(i) && Math.max(...cells.map((k) => x.data[k])) === x.data[i];
        }),
      );
    dx.forEach((value, i) => {
      if (!isMaximum(i)) expect(value).toBe(0);
    });
  });
});
