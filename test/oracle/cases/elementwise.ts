import { float } from '../../../src/onnx/types.ts';
import {
  bools,
  type CaseInput,
  type Distribution,
  indices,
  type OracleCase,
  of,
  row,
  scalar,
} from './case.ts';

/** Shapes that broadcast in every way: equal, scalar, inner and outer ones, both stretched, and empty. */
const pairs: [number[], number[]][] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3, 4], []],
  [[], [3]],
  [[2, 3, 4], [4]],
  [[4], [2, 3, 4]],
  [
    [2, 3, 2, 2],
    [3, 1, 1],
  ],
  [
    [2, 1, 3],
    [1, 4, 1],
  ],
  [[1], [1, 1, 1]],
  [
    [0, 3],
    [1, 3],
  ],
];

const onPairs = (op: string, left: Distribution, right: Distribution): OracleCase[] =>
  pairs.map(([a, b]) => row(op, [of(left, ...a), of(right, ...b)]));

const onBools = (op: string): OracleCase[] => pairs.map(([a, b]) => row(op, [bools(...a), bools(...b)]));

const arithmetic: OracleCase[] = [
  ...onPairs('Add', 'normal', 'normal'),
  ...onPairs('Sub', 'normal', 'normal'),
  ...onPairs('Mul', 'normal', 'normal'),
  ...onPairs('Div', 'normal', 'nonzero'),
  ...onPairs('Pow', 'positive', 'normal'),
  row('Pow', [of('normal', 2, 3), scalar(2)]),
  row('Pow', [of('normal', 2, 3), scalar(3)]),
  row('Pow', [of('positive', 2, 3), scalar(0.5)]),
  row('Pow', [of('nonzero', 2, 3), scalar(-1)]),
  row('Pow', [of([-8, -2, 2, 0]), of([1 / 3, 3, -1, 0])]),
  row('Div', [of([1, 0, -1]), of([0, 0, 0])]),
  row('Mod', [indices([6], [-7, -6, 7, 6, 0, 5]), indices([6], [3, 3, -3, -3, 2, 7])]),
  row('Mod', [indices([2, 2], [9, -9, 4, 5]), indices([], [4])]),
  ...onPairs('Min', 'normal', 'normal'),
  ...onPairs('Max', 'normal', 'normal'),
  ...['Min', 'Max', 'Sum', 'Mean'].flatMap((op) => [
    row(op, [[2, 3]]),
    row(op, [[2, 3, 1], [4], [2, 1, 1]]),
    row(op, [[3], [3], [3], [3]]),
  ]),
  row('Max', [of([1, Number.NaN, 3]), of([Number.NaN, 2, 1])]),
];

const comparisons: OracleCase[] = [
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].flatMap((op) =>
    onPairs(op, 'integers', 'integers'),
  ),
  ...['And', 'Or', 'Xor'].flatMap(onBools),
  row('Not', [bools(2, 3)]),
  row('Equal', [
    { dims: [5], values: 'integers', type: 'int64' },
    { dims: [], values: [1], type: 'int64' },
  ]),
  row('Equal', [of([Number.NaN, 1, 0]), of([Number.NaN, 1, -0])]),
  row('Where', [bools(2, 3), [2, 3], [2, 3]]),
  row('Where', [bools(3), [2, 1], [1]]),
  row('Where', [bools(2, 1, 1), scalar(0), [3, 4]]),
  row('Where', [bools(2, 2), [], []]),
];

const kinked = (op: string, attributes = {}): OracleCase[] => [
  row(op, [of('nonzero', 2, 3, 4)], attributes),
  row(op, [of([-2, -0.5, 0, 0.5, 2])], attributes),
];
const smooth = (op: string, values: Distribution, extremes: number[], attributes = {}): OracleCase[] => [
  row(op, [of(values, 3, 5)], attributes),
  row(op, [of(extremes)], attributes),
];

const unary: OracleCase[] = [
  ...['Neg', 'Abs', 'Sign', 'Relu', 'LeakyRelu', 'Elu', 'Celu', 'Selu', 'Softsign'].flatMap((op) =>
    kinked(op),
  ),
  row('LeakyRelu', [of('nonzero', 2, 3)], { alpha: float(0.25) }),
  row('Elu', [of('nonzero', 2, 3)], { alpha: float(2) }),
  row('Celu', [of('nonzero', 2, 3)], { alpha: float(0.5) }),
  row('Selu', [of('nonzero', 3, 4)], { alpha: float(1.5), gamma: float(0.5) }),
  row('PRelu', [of('nonzero', 2, 3, 4), of('unit', 4)]),
  row('PRelu', [of('nonzero', 2, 3, 2, 2), of('unit', 3, 1, 1)]),
  ...['Floor', 'Ceil', 'Round'].map((op) =>
    row(op, [of([-2.5, -1.5, -0.5, -0.2, 0, 0.2, 0.5, 1.5, 2.5, 3.7])]),
  ),
  ...smooth('Exp', 'normal', [-100, 0, 10]),
  ...smooth('Log', 'positive', [-1, 0, 1e-20, 1, 1e20]),
  ...smooth('Sqrt', 'positive', [-1, 0, 1e-20, 1, 1e20]),
  ...smooth('Reciprocal', 'nonzero', [-1e10, 1e-10, 4]),
  ...smooth('Sin', 'normal', [-3, 0, 3]),
  ...smooth('Cos', 'normal', [-3, 0, 3]),
  ...smooth('Erf', 'normal', [-10, -3, -1e-6, 0, 1e-6, 0.5, 2, 10]),
  ...smooth('Tanh', 'normal', [-100, -1e-6, 0, 5, 100]),
  ...smooth('Sigmoid', 'normal', [-100, -20, 0, 20, 100]),
  ...smooth('Softplus', 'normal', [-100, -20, 0, 20, 100]),
  ...smooth('Mish', 'normal', [-50, -5, 0, 5, 50]),
  ...smooth('Gelu', 'normal', [-20, -3, 0, 3, 20]),
  ...smooth('Gelu', 'normal', [-20, -3, 0, 3, 20], { approximate: 'tanh' }),
  ...smooth('HardSigmoid', 'unit', [-10, -2.5, 0, 2.5, 10]),
  ...smooth('HardSigmoid', 'unit', [-10, -0.5, 0, 0.5, 10], { alpha: float(1), beta: float(0.25) }),
  ...smooth('HardSwish', 'unit', [-10, -3, -1, 0, 3, 10]),
  row('HardSigmoid', [of('nonzero', 3, 3)], { alpha: float(1e38), beta: float(0) }),
  row('Identity', [[2, 3]]),
  row('Identity', [[]]),
];

const clips: OracleCase[] = [
  [scalar(-0.5), scalar(0.5)],
  [undefined, scalar(0.5)],
  [scalar(-0.5)],
  [],
  [scalar(1), scalar(-1)],
].map((limits: (CaseInput | undefined)[]) => row('Clip', [of('normal', 3, 4), ...limits]));

/** Casts, by the codes of the element types: 1 float32, 2 uint8, 6 int32, 7 int64, 9 bool, 11 float64. */
const casts: OracleCase[] = [
  ...[6, 7].map((to) => row('Cast', [of([-2.7, -1, -0.3, 0, 0.3, 1.5, 7.9])], { to })),
  row('Cast', [of([-2.7, -0.3, 0, -0, 0.3, 1, Number.NaN])], { to: 9 }),
  row('Cast', [of([0, 1.5, 254.9])], { to: 2 }),
  row('Cast', [of('normal', 2, 3)], { to: 11 }),
  row('Cast', [{ dims: [4], values: [0, 1, 128, 255], type: 'uint8' }], { to: 1 }),
  row('Cast', [{ dims: [4], values: 'integers', type: 'int64' }], { to: 1 }),
  row('Cast', [bools(5)], { to: 1 }),
];

/** Quantised numbers; scales are powers of two, so that products are exact. */
const dequantizations: OracleCase[] = [
  row('DequantizeLinear', [{ dims: [2, 3], values: [-128, -3, 0, 1, 100, 127], type: 'int8' }, scalar(0.25)]),
  row('DequantizeLinear', [
    { dims: [2, 3], values: [0, 3, 128, 200, 254, 255], type: 'uint8' },
    of([0.5, 0.125, 2]),
    { dims: [3], values: [128, 0, 255], type: 'uint8' },
  ]),
  row(
    'DequantizeLinear',
    [{ dims: [2, 3], values: [-128, -3, 0, 1, 100, 127], type: 'int8' }, of([0.5, 4])],
    { axis: 0 },
  ),
];

const alongAxis: OracleCase[] = ['Softmax', 'LogSoftmax'].flatMap((op) => [
  row(op, [[3, 5]]),
  row(op, [[2, 3, 4]], { axis: 1 }),
  row(op, [[2, 3, 4]], { axis: 0 }),
  row(op, [[2, 3, 4]], { axis: -2 }),
  row(op, [[2, 3, 2, 2]], { axis: 1 }),
  row(op, [[6]], { axis: 0 }),
  row(op, [of([1000, 999, -1000, 88, 0, -88], 2, 3)]),
  row(op, [[0, 3]]),
  row(op, [[4, 1]]),
]);

export const elementwiseCases: OracleCase[] = [
  ...arithmetic,
  ...comparisons,
  ...dequantizations,
  ...unary,
  ...clips,
  ...casts,
  ...alongAxis,
];
