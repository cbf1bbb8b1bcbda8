import { float } from '../../../src/onnx/types.ts';
import { indices, ints, type OracleCase, of, row, scalar } from './case.ts';

const products: [number[], number[]][] = [
  [
    [2, 3],
    [3, 4],
  ],
  [
    [1, 1],
    [1, 1],
  ],
  [
    [2, 3, 4],
    [2, 4, 5],
  ],
  [
    [2, 3, 4],
    [4, 5],
  ],
  [
    [3, 4],
    [2, 4, 5],
  ],
  [
    [2, 1, 3, 4],
    [3, 4, 2],
  ],
  [
    [1, 3, 2, 2],
    [2, 1, 2, 3],
  ],
  [[4], [4]],
  [[4], [4, 3]],
  [[3, 4], [4]],
  [[2, 3, 4], [4]],
  [[4], [2, 4, 3]],
  [
    [0, 3],
    [3, 2],
  ],
  [
    [2, 0],
    [0, 3],
  ],
];

const fused = { domain: 'com.microsoft' };

const matrix: OracleCase[] = [
  ...products.map(([a, b]) => row('MatMul', [a, b])),
  row('Gemm', [
    [2, 3],
    [3, 4],
  ]),
  row('Gemm', [[2, 3], [3, 4], [4]]),
  row('Gemm', [
    [2, 3],
    [3, 4],
    [2, 4],
  ]),
  row('Gemm', [
    [2, 3],
    [3, 4],
    [2, 1],
  ]),
  row('Gemm', [
    [2, 3],
    [3, 4],
    [1, 4],
  ]),
  row('Gemm', [[2, 3], [3, 4], []]),
  row('Gemm', [[3, 2], [3, 4], [4]], { transA: 1 }),
  row('Gemm', [[2, 3], [4, 3], [4]], { transB: 1 }),
  row('Gemm', [[3, 2], [4, 3], [4]], { transA: 1, transB: 1, alpha: float(0.5), beta: float(-2) }),
  row(
    'Gemm',
    [
      [2, 3],
      [3, 4],
    ],
    { alpha: float(3) },
  ),
  row('Gemm', [[0, 3], [3, 4], [4]]),
  row(
    'FusedMatMul',
    [
      [2, 3],
      [3, 4],
    ],
    {},
    fused,
  ),
  row(
    'FusedMatMul',
    [
      [3, 2],
      [3, 4],
    ],
    { transA: 1 },
    fused,
  ),
  row(
    'FusedMatMul',
    [
      [2, 3],
      [4, 3],
    ],
    { transB: 1, alpha: float(0.5) },
    fused,
  ),
  row(
    'FusedMatMul',
    [
      [2, 4, 3],
      [2, 5, 4],
    ],
    { transA: 1, transB: 1, alpha: float(-2) },
    fused,
  ),
  row(
    'FusedMatMul',
    [
      [2, 3, 4],
      [1, 5, 4],
    ],
    { transB: 1 },
    fused,
  ),
  row(
    'FusedMatMul',
    [
      [2, 4, 3],
      [4, 5],
    ],
    { transA: 1 },
    fused,
  ),
  row(
    'FusedMatMul',
    [
      [2, 3, 4],
      [5, 4],
    ],
    { transB: 1 },
    fused,
  ),
  row('FusedMatMul', [[4], [4, 3]], {}, fused),
];

const reductions: OracleCase[] = [
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSumExp',
].flatMap((op) => [
  row(op, [of('distinct', 2, 3, 4)]),
  row(op, [of('distinct', 2, 3, 4)], { keepdims: 0 }),
  row(op, [of('distinct', 2, 3, 4), ints(0)]),
  row(op, [of('distinct', 2, 3, 4), ints(1)], { keepdims: 0 }),
  row(op, [of('distinct', 2, 3, 4), ints(-1)]),
  row(op, [of('distinct', 2, 3, 4), ints(0, 2)], { keepdims: 0 }),
  row(op, [of('distinct', 2, 3, 4), ints(-1, -3)]),
  row(op, [of('distinct', 2, 3, 2, 2), ints(0, 2, 3)]),
  row(op, [of('distinct', 2, 3), ints()]),
  row(op, [of('distinct', 2, 3), ints()], { noop_with_empty_axes: 1 }),
  row(op, [of('distinct', 2, 3)], { noop_with_empty_axes: 1 }),
  row(op, [of('distinct'), ints()]),
]);

const searches: OracleCase[] = ['ArgMax', 'ArgMin'].flatMap((op) => [
  row(op, [of('distinct', 3, 4)]),
  row(op, [of('distinct', 3, 4)], { axis: 1, keepdims: 0 }),
  row(op, [of('distinct', 2, 3, 4)], { axis: -2 }),
  row(op, [of('integers', 5, 6)], { axis: 1 }),
  row(op, [of('integers', 5, 6)], { axis: 1, select_last_index: 1 }),
]);

const runningSums: OracleCase[] = [
  row('CumSum', [[5], scalar(0, 'int64')]),
  row('CumSum', [[2, 3, 4], scalar(1, 'int64')]),
  row('CumSum', [[2, 3, 4], scalar(-1, 'int64')], { exclusive: 1 }),
  row('CumSum', [[2, 3], scalar(1, 'int64')], { reverse: 1 }),
  row('CumSum', [[2, 3], scalar(0, 'int64')], { exclusive: 1, reverse: 1 }),
];

/** Scores, labels, and where weights are given their number of classes. */
const lossRows = (op: string): OracleCase[] => {
  const outputs = op === 'SoftmaxCrossEntropyLoss' ? [1, 2] : [1];
  return outputs.flatMap((count) =>
    ['mean', 'sum', 'none'].flatMap((reduction) => {
      const more = { outputs: count };
      const spatial = indices([2, 2, 2], [0, 1, 2, 0, 1, 1, 2, 0]);
      const labels = indices([4], [0, 4, 2, 2]);
      return [
        row(op, [[4, 5], labels], { reduction }, more),
        row(op, [[4, 5], labels, of('positive', 5)], { reduction }, more),
        row(op, [[4, 5], labels], { reduction, ignore_index: 2 }, more),
        row(op, [[4, 5], labels, of('positive', 5)], { reduction, ignore_index: 2 }, more),
        row(op, [[4, 5], indices([4], [0, -1, 2, -1])], { reduction, ignore_index: -1 }, more),
        row(op, [[2, 3, 2, 2], spatial], { reduction }, more),
        row(op, [[2, 3, 2, 2], spatial, of('positive', 3)], { reduction, ignore_index: 1 }, more),
      ];
    }),
  );
};

export const matrixCases: OracleCase[] = [...matrix, ...reductions, ...searches, ...runningSums];

export const edgeReductionCases: OracleCase[] = [
  row('ReduceSum', [[2, 0], ints(1)]),
  row('ReduceSumSquare', [[2, 0, 3], ints(1)]),
  row('ReduceProd', [[2, 0], ints(1)]),
  ...['ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceLogSumExp'].map((op) =>
    row(op, [[2, 0], ints(1)]),
  ),
  row('ReduceMean', [[2, 0], ints(1)], {}, { notInRuntime: 'its mean of nothing is 0; ONNX leaves it open' }),
  row('ReduceMean', [[0, 3], ints(1)]),
  row('ReduceMax', [[0, 3], ints(1)]),
  row('ReduceMax', [of([1, Number.NaN, 2])], {}, { notInRuntime: 'passes over NaN' }),
];

export const lossCases: OracleCase[] = [
  row('SoftmaxCrossEntropyLoss', [[2, 3], indices([2], [1, 1])], { ignore_index: 1 }),
  ...lossRows('SoftmaxCrossEntropyLoss'),
  ...lossRows('NegativeLogLikelihoodLoss'),
  row(
    'SoftmaxCrossEntropyLoss',
    [of([100, 0, -100, 0, 100, 0], 2, 3), indices([2], [0, 0])],
    {},
    { outputs: 2 },
  ),
];
