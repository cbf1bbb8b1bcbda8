import { describe, expect, it } from 'vitest';
import { oracle } from './index.ts';
import type { Attributes, OracleTensor } from './tensor.ts';

type Plain = [dims: number[], values: number[]];

function run(op: string, inputs: (Plain | undefined)[], attributes: Attributes = {}): Plain[] {
  const tensors = inputs.map((input): OracleTensor | undefined => {
    return input && { dims: input[0], data: Float64Array.from(input[1]) };
  });
  return oracle[op](tensors, attributes).map(({ dims, data }) => [dims, Array.from(data)]);
}

const first = (...parameters: Parameters<typeof run>): Plain => run(...parameters)[0];
const list = (...values: number[]): Plain => [[values.length], values];
const counting = (...dims: number[]): Plain => {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return [dims, Array.from({ length: size }, (_, i) => i)];
};

/** Numbers worked by hand, one way of being wrong each. */
describe('the oracle', () => {
  it('broadcasts from the last axis', () => {
    expect(first('Add', [counting(2, 3), list(10, 20, 30)])).toEqual([
      [2, 3],
      [10, 21, 32, 13, 24, 35],
    ]);
    expect(
      first('Sub', [
        [
          [2, 1],
          [10, 20],
        ],
        list(1, 2),
      ]),
    ).toEqual([
      [2, 2],
      [9, 8, 19, 18],
    ]);
    expect(() => run('Add', [counting(2), counting(3)])).toThrow('do not broadcast');
  });

  it('knows the error function to the last digits', () => {
    const [, values] = first('Erf', [list(0, 0.5, -1, 2, 5, 7)]);
    const known = [0, 0.5204998778130465, -0.8427007929497149, 0.9953222650189527, 0.9999999999984626, 1];
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(known[i], 14);
    });
  });

  it('lets the upper limit win in Clip', () => {
    expect(first('Clip', [list(-5, 0, 5), [[], [2]], [[], [1]]])).toEqual(list(1, 1, 1));
  });

  it('casts towards zero', () => {
    expect(first('Cast', [list(-1.9, 1.9)], { to: 7 })).toEqual(list(-1, 1));
    expect(first('Cast', [list(-0.5, 0, 2)], { to: 9 })).toEqual(list(1, 0, 1));
  });

  it('slides a window of ones over 0 … 24', () => {
    const ones: Plain = [[1, 1, 3, 3], Array(9).fill(1)];
    const x = counting(1, 1, 5, 5);
    expect(first('Conv', [x, ones])).toEqual([
      [1, 1, 3, 3],
      [54, 63, 72, 99, 108, 117, 144, 153, 162],
    ]);
    expect(first('Conv', [x, ones], { strides: [2, 2], pads: [1, 1, 1, 1] })).toEqual([
      [1, 1, 3, 3],
      [12, 27, 24, 63, 108, 81, 72, 117, 84],
    ]);
  });

  it('keeps groups apart and adds the bias of the output channel', () => {
    const x: Plain = [
      [1, 2, 1, 1],
      [3, 5],
    ];
    const w: Plain = [
      [2, 1, 1, 1],
      [10, 100],
    ];
    expect(first('Conv', [x, w, list(1, 2)], { group: 2 })).toEqual([
      [1, 2, 1, 1],
      [31, 502],
    ]);
  });

  it('pads SAME_UPPER at the end and SAME_LOWER at the beginning', () => {
    const x: Plain = [
      [1, 1, 1, 3],
      [1, 2, 4],
    ];
    const w: Plain = [
      [1, 1, 1, 2],
      [1, 10],
    ];
    expect(first('Conv', [x, w], { auto_pad: 'SAME_UPPER' })[1]).toEqual([21, 42, 4]);
    expect(first('Conv', [x, w], { auto_pad: 'SAME_LOWER' })[1]).toEqual([10, 21, 42]);
  });

  it('lays kernels down in ConvTranspose', () => {
    const x: Plain = [
      [1, 1, 1, 2],
      [1, 2],
    ];
    const w: Plain = [
      [1, 1, 1, 3],
      [1, 10, 100],
    ];
    expect(first('ConvTranspose', [x, w])[1]).toEqual([1, 12, 120, 200]);
    expect(first('ConvTranspose', [x, w], { strides: [1, 2], output_padding: [0, 1] })).toEqual([
      [1, 1, 1, 6],
      [1, 10, 102, 20, 200, 0],
    ]);
  });

  it('is the transpose of Conv, as a linear map', () => {
    const attributes = { strides: [2, 1], pads: [1, 0, 0, 1], dilations: [1, 2] };
    const wave = (dims: number[], phase: number): Plain => [
      dims,
      counting(...dims)[1].map((i) => Math.sin(i * phase)),
    ];
    const dot = (a: Plain, b: Plain): number => a[1].reduce((sum, value, i) => sum + value * b[1][i], 0);
    const x = wave([1, 2, 5, 5], 0.7);
    const w = wave([3, 2, 2, 3], 1.3);
    const y = first('Conv', [x, w], attributes);
    const dy = wave(y[0], 2.1);
    const back = first('ConvTranspose', [dy, w], attributes);
    const cut: Plain = first('Pad', [back, list(0, 0, 0, 0, 0, 0, 5 - back[0][2], 5 - back[0][3])]);
    expect(dot(x, cut)).toBeCloseTo(dot(y, dy), 10);
  });

  it('counts MaxPool indices through batch and channel, and takes the first of equals', () => {
    const x: Plain = [
      [2, 1, 2, 2],
      [1, 4, 4, 2, 7, 7, 7, 7],
    ];
    expect(run('MaxPool', [x], { kernel_shape: [2, 2] })).toEqual([
      [
        [2, 1, 1, 1],
        [4, 7],
      ],
      [
        [2, 1, 1, 1],
        [1, 4],
      ],
    ]);
  });

  it('lets padding count in a mean only when asked to, and what lies beyond it never', () => {
    const x: Plain = [
      [1, 1, 1, 3],
      [6, 12, 18],
    ];
    const attributes = { kernel_shape: [1, 2], strides: [1, 2], pads: [0, 1, 0, 0] };
    expect(first('AveragePool', [x], attributes)[1]).toEqual([6, 15]);
    expect(first('AveragePool', [x], { ...attributes, count_include_pad: 1 })[1]).toEqual([3, 15]);
    const ceiled = { kernel_shape: [1, 2], strides: [1, 2], ceil_mode: 1, count_include_pad: 1 };
    expect(first('AveragePool', [x], ceiled)[1]).toEqual([9, 18]);
  });

  it('puts maxima back where they were', () => {
    const x: Plain = [
      [1, 1, 1, 2],
      [5, 6],
    ];
    const back = first(
      'MaxUnpool',
      [
        x,
        [
          [1, 1, 1, 2],
          [1, 2],
        ],
      ],
      { kernel_shape: [1, 2], strides: [1, 2] },
    );
    expect(back).toEqual([
      [1, 1, 1, 4],
      [0, 5, 6, 0],
    ]);
  });

  it('multiplies matrices, vectors and batches as NumPy does', () => {
    expect(first('MatMul', [counting(2, 2), counting(2, 2)])[1]).toEqual([2, 3, 6, 11]);
    expect(first('MatMul', [list(1, 2), counting(2, 2)])).toEqual(list(4, 7));
    expect(first('MatMul', [list(1, 2), list(3, 4)])).toEqual([[], [11]]);
    expect(first('MatMul', [counting(3, 1, 2), counting(2, 2)])[0]).toEqual([3, 1, 2]);
    const scaled = { transA: 1, alpha: 2, beta: 3 };
    expect(first('Gemm', [counting(2, 2), counting(2, 2), list(1, 0)], scaled)[1]).toEqual([11, 12, 15, 20]);
    const fused = { transB: 1, alpha: { float: 0.5 } };
    expect(first('com.microsoft.FusedMatMul', [counting(1, 2), counting(2, 2)], fused)[1]).toEqual([
      0.5, 1.5,
    ]);
  });

  it('reduces over the axes of its second input', () => {
    expect(first('ReduceSum', [counting(2, 3), list(-1)])).toEqual([
      [2, 1],
      [3, 12],
    ]);
    expect(first('ReduceMean', [counting(2, 3)], { keepdims: 0 })).toEqual([[], [2.5]]);
    expect(first('ReduceSumSquare', [list(2, 3)], { noop_with_empty_axes: 1 })).toEqual(list(4, 9));
    expect(first('ReduceLogSumExp', [list(1000, 1000)])[1][0]).toBeCloseTo(1000 + Math.LN2, 10);
    expect(first('ArgMax', [list(1, 3, 3)])[1]).toEqual([1]);
    expect(first('ArgMax', [list(1, 3, 3)], { select_last_index: 1 })[1]).toEqual([2]);
    expect(first('CumSum', [list(1, 2, 4), [[], [0]]], { exclusive: 1, reverse: 1 })).toEqual(list(6, 4, 0));
  });

  it('normalizes by the variance of the population', () => {
    const x: Plain = [
      [4, 1],
      [1, 3, 5, 7],
    ];
    const one = list(1);
    const attributes = { training_mode: 1, momentum: 0.75, epsilon: 0 };
    const [y, mean, variance] = run('BatchNormalization', [x, one, list(10), list(0), one], attributes);
    expect(y[1]).toEqual([-3, -1, 1, 3].map((value) => 10 + value / Math.sqrt(5)));
    expect(mean[1]).toEqual([1]); // 0 · 0.75 + 4 · 0.25
    expect(variance[1]).toEqual([2]); // 1 · 0.75 + 5 · 0.25
  });

  it('divides a weighted loss by the weights that counted', () => {
    const scores: Plain = [
      [3, 2],
      [0, 0, 0, 0, 0, 0],
    ];
    const parameters: Plain[] = [scores, list(0, 1, 0), list(1, 3)];
    expect(first('SoftmaxCrossEntropyLoss', parameters)[1][0]).toBeCloseTo(Math.LN2, 12);
    expect(first('SoftmaxCrossEntropyLoss', parameters, { reduction: 'sum' })[1][0]).toBeCloseTo(
      5 * Math.LN2,
      12,
    );
    const ignoring = { reduction: 'none', ignore_index: 1 };
    expect(first('SoftmaxCrossEntropyLoss', parameters, ignoring)[1]).toEqual([Math.LN2, 0, Math.LN2]);
  });

  it('moves elements without touching them', () => {
    expect(first('Transpose', [counting(2, 3)])).toEqual([
      [3, 2],
      [0, 3, 1, 4, 2, 5],
    ]);
    expect(first('Reshape', [counting(2, 3, 4), list(0, -1)])[0]).toEqual([2, 12]);
    expect(first('Slice', [list(0, 1, 2, 3, 4), list(-1), list(-6), list(0), list(-2)])).toEqual(
      list(4, 2, 0),
    );
    expect(first('Pad', [list(1, 2, 3), list(2, 1)], { mode: 'reflect' })).toEqual(list(3, 2, 1, 2, 3, 2));
    expect(first('Pad', [list(1, 2, 3), list(-1, 2)], { mode: 'constant' })).toEqual(list(2, 3, 0, 0));
    expect(run('Split', [list(1, 2, 3)], { num_outputs: 2 })).toEqual([list(1, 2), list(3)]);
    expect(first('Tile', [list(1, 2), list(2)])).toEqual(list(1, 2, 1, 2));
    expect(
      first('Gather', [
        list(5, 6, 7),
        [
          [2, 1],
          [-1, 0],
        ],
      ]),
    ).toEqual([
      [2, 1],
      [7, 5],
    ]);
    expect(first('ScatterElements', [list(1, 1), list(0, 0), list(5, 6)], { reduction: 'add' })).toEqual(
      list(12, 1),
    );
    expect(first('OneHot', [list(1, -1, 9), [[], [3]], list(0, 1)])[1]).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 0]);
  });

  it('refuses what it does not implement', () => {
    expect(() => run('MaxPool', [counting(1, 1, 2, 2)], { kernel_shape: [1, 1], storage_order: 1 })).toThrow(
      'does not implement storage_order = 1',
    );
    expect(() => run('Resize', [counting(2), undefined, list(2)], { mode: 'linear' })).toThrow(
      'mode = linear',
    );
  });
});
