import { type Attributes, float, tensor } from '../../../src/onnx/types.ts';
import { bools, type CaseInput, indices, ints, type OracleCase, of, row, scalar } from './case.ts';

const reshaping: OracleCase[] = [
  row('Reshape', [[2, 3, 4], ints(4, 6)]),
  row('Reshape', [[2, 3, 4], ints(-1)]),
  row('Reshape', [[2, 3, 4], ints(0, -1)]),
  row('Reshape', [[2, 3, 4], ints(0, 0, 2, -1)]),
  row('Reshape', [[1], ints()]),
  row('Reshape', [[0, 3], ints(3, 0)], { allowzero: 1 }),
  row('Reshape', [[3, 0], ints(0, 0, 2)]),
  row('Flatten', [[2, 3, 4]]),
  ...[0, 1, 2, 3, -1, -2].map((axis) => row('Flatten', [[2, 3, 4]], { axis })),
  row('Flatten', [[0, 3, 4]]),
  row('Squeeze', [[1, 3, 1, 2]]),
  row('Squeeze', [[1, 3, 1, 2], ints(0)]),
  row('Squeeze', [[1, 3, 1, 2], ints(-2)]),
  row('Squeeze', [[1, 3, 1, 2], ints(2, 0)]),
  row('Unsqueeze', [[3, 2], ints(0)]),
  row('Unsqueeze', [[3, 2], ints(-1)]),
  row('Unsqueeze', [[3, 2], ints(3, 1)]),
  row('Unsqueeze', [[3, 2], ints(0, 1, -1)]),
  row('Unsqueeze', [[], ints(0)]),
  row('Transpose', [[2, 3]]),
  row('Transpose', [[2, 3, 4]]),
  row('Transpose', [[2, 3, 4]], { perm: [1, 2, 0] }),
  row('Transpose', [[2, 3, 4]], { perm: [2, 0, 1] }),
  row('Transpose', [[2, 3, 4, 5]], { perm: [0, 2, 3, 1] }),
  row('Transpose', [[2, 3, 4, 5]], { perm: [3, 1, 0, 2] }),
  row('Transpose', [[2, 0, 3]], { perm: [2, 0, 1] }),
];

const joining: OracleCase[] = [
  row('Concat', [[2, 3]], { axis: 0 }),
  row(
    'Concat',
    [
      [2, 3],
      [4, 3],
    ],
    { axis: 0 },
  ),
  row(
    'Concat',
    [
      [2, 3],
      [2, 1],
      [2, 2],
    ],
    { axis: 1 },
  ),
  row(
    'Concat',
    [
      [2, 1, 3],
      [2, 4, 3],
    ],
    { axis: -2 },
  ),
  row(
    'Concat',
    [
      [2, 3],
      [2, 0],
      [2, 1],
    ],
    { axis: 1 },
  ),
  row('Concat', [[3], [2]], { axis: 0 }),
  row('Split', [[6], ints(2, 4)], {}, { outputs: 2 }),
  row('Split', [[2, 6], ints(1, 2, 3)], { axis: 1 }, { outputs: 3 }),
  row('Split', [[2, 6, 2], ints(3, 0, 3)], { axis: -2 }, { outputs: 3 }),
  row('Split', [[6, 2]], { num_outputs: 3 }, { outputs: 3 }),
  row('Split', [[7, 2]], { num_outputs: 3, axis: 0 }, { outputs: 3 }),
];

/** Starts, ends, axes, steps, on an input of [5, 6]. */
const slices: number[][][] = [
  [[1], [4]],
  [
    [1, 2],
    [4, 5],
  ],
  [[1], [4], [1]],
  [[-3], [-1], [-1]],
  [[0], [100], [0]],
  [[0], [6], [1], [2]],
  [[1], [6], [1], [2]],
  [[5], [0], [1], [-1]],
  [[-1], [-7], [1], [-1]],
  [[-1], [-(2 ** 53)], [0], [-1]],
  [[100], [1], [1], [-2]],
  [
    [4, 0],
    [0, 6],
    [0, 1],
    [-3, 4],
  ],
  [[4], [2], [0]],
  [[2], [4], [0], [-1]],
  [[-100], [3], [0]],
];

const padTo = (pads: number[], mode: string, constant?: CaseInput, axes?: CaseInput): OracleCase =>
  row('Pad', [[3, 4], ints(...pads), constant, axes], { mode });

const cutting: OracleCase[] = [
  ...slices.map((parameters) => row('Slice', [[5, 6], ...parameters.map((list) => ints(...list))])),
  row('Slice', [[0, 3], ints(0), ints(2), ints(0)]),
  row('Slice', [[0, 3], ints(-1), ints(-5), ints(0), ints(-1)]),
  padTo([1, 2, 0, 1], 'constant'),
  padTo([1, 2, 0, 1], 'constant', scalar(2.5)),
  padTo([-1, 1, 0, -2], 'constant', scalar(1)),
  padTo([2, 1], 'constant', scalar(1), ints(1)),
  padTo([2, 1], 'constant', undefined, ints(-2)),
  padTo([1, 2, 3, 4], 'constant', undefined, ints(1, 0)),
  padTo([1, 2, 2, 3], 'reflect'),
  padTo([2, 3], 'reflect', undefined, ints(-1)),
  padTo([1, 2, 2, 3], 'edge'),
  padTo([5, 6, 7, 8], 'edge'),
  padTo([1, 2, 2, 3], 'wrap'),
  {
    ...row('Pad', [[3], ints(5, 4)], { mode: 'wrap' }),
    notInRuntime: 'fills with zeros after one turn',
  },
  row('Pad', [[4], ints(-1, 2)], { mode: 'reflect' }),
  row('Pad', [[1, 2, 3, 3], ints(0, 0, 1, 1, 0, 0, 1, 1)]),
  row('Pad', [[1, 2, 3, 3], ints(0, 0, 2, 1, 0, 0, 1, 2)], { mode: 'reflect' }),
  row('Pad', [[0, 2], ints(1, 0, 1, 0), scalar(3)]),
];

const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
const scales = (...values: number[]): CaseInput => ({ ...of(values), constant: true });

const repeating: OracleCase[] = [
  row('Expand', [[3, 1], ints(2, 3, 4)]),
  row('Expand', [[3, 1], ints(1, 4)]),
  row('Expand', [[2, 3], ints(3)]),
  row('Expand', [[], ints(2, 2)]),
  row('Expand', [[2, 3], ints(1, 1)]),
  row('Expand', [[1, 3], ints(0, 3)]),
  row('Tile', [[2, 3], ints(2, 1)]),
  row('Tile', [[2, 3], ints(1, 3)]),
  row('Tile', [[2, 1, 3], ints(2, 2, 2)]),
  row('Tile', [[2], ints(0)]),
  row('Resize', [[1, 2, 3, 2], undefined, scales(1, 1, 2, 2)], nearest),
  row('Resize', [[2, 1, 2, 3], undefined, scales(1, 1, 3, 1)], nearest),
  row('Resize', [[1, 1, 3, 3], undefined, undefined, ints(1, 1, 6, 9)], nearest),
  row('Resize', [[1, 1, 4, 4], undefined, scales(1, 1, 0.5, 0.5)], nearest),
  row('Resize', [[1, 1, 3, 3], undefined, scales(1, 1, 1.5, 2.5)], nearest),
];

const indexing: OracleCase[] = [
  row('Gather', [[5, 3], indices([2], [0, 4])]),
  row('Gather', [[5, 3], indices([], [2])]),
  row('Gather', [[5, 3], indices([2, 2], [0, 2, -1, -5])]),
  row('Gather', [[2, 3, 4], indices([2], [3, 0])], { axis: -1 }),
  row('Gather', [[2, 3, 4], indices([1, 2], [2, 1])], { axis: 1 }),
  row('Gather', [[5, 3], indices([0], [])]),
  row('GatherElements', [[3, 3], indices([2, 3], [0, 2, 1, -1, 0, 0])]),
  row('GatherElements', [[3, 3], indices([3, 2], [0, 2, 1, -1, 0, 0])], { axis: 1 }),
  row('ScatterElements', [[3, 3], indices([2, 3], [1, 0, 2, 0, 2, 1]), [2, 3]]),
  row('ScatterElements', [[1, 5], indices([1, 2], [1, -2]), [1, 2]], { axis: 1 }),
  row('ScatterElements', [[3, 3], indices([2, 3], [1, 0, 2, 1, 0, 2]), [2, 3]], { reduction: 'add' }),
  row('ScatterElements', [[4], indices([6], [0, 0, 0, 3, 3, 1]), [6]], { axis: 0, reduction: 'add' }),
  row('OneHot', [indices([3], [0, 2, -1]), scalar(4, 'int64'), of([0, 1])]),
  row('OneHot', [indices([2], [-3, -4]), scalar(3, 'int64'), of([0, 1])]),
  row('OneHot', [indices([3], [0, 2, 7]), scalar(4, 'int64'), of([-1, 5])]),
  row('OneHot', [indices([2, 2], [0, 2, 1, 1]), scalar(3, 'int64'), of([0, 1])], { axis: 0 }),
  row('OneHot', [indices([2, 2], [0, 2, 1, 1]), scalar(3, 'int64'), of([0, 1])], { axis: 1 }),
  row('OneHot', [indices([2, 2], [0, 2, 1, 1]), scalar(3, 'int64'), of([0, 1])], { axis: -2 }),
];

/** Parts of a shape of three axes. */
const spans: Attributes[] = [
  {},
  { start: 1 },
  { start: -1 },
  { end: 2 },
  { end: -1 },
  { start: 1, end: 2 },
  { start: -100, end: 100 },
];

const making: OracleCase[] = [
  row('Range', [scalar(0), scalar(1), scalar(0.25)]),
  row('Range', [scalar(1), scalar(4), scalar(2)]),
  row('Range', [scalar(10, 'int64'), scalar(4, 'int64'), scalar(-2, 'int64')]),
  row('Range', [scalar(3, 'int64'), scalar(3, 'int64'), scalar(1, 'int64')]),
  row('Shape', [[]]),
  row('Shape', [bools(3, 0)]),
  ...spans.map((span) => row('Shape', [[2, 3, 4]], span)),
  row('Size', [[2, 3, 4]]),
  row('Size', [[]]),
  row('Size', [bools(3, 0)]),
  row('Constant', [], { value: { tensor: tensor('float32', [2, 2], [1, 2, 3, 4]) } }),
  row('Constant', [], { value: { tensor: tensor('int64', [3], [1, -2, 3]) } }),
  row('Constant', [], { value_float: float(0.5) }),
  row('Constant', [], { value_floats: { floats: [0.5, 1.5] } }),
  row('Constant', [], { value_int: 3 }),
  row('Constant', [], { value_ints: [3, -4] }),
  row('ConstantOfShape', [ints(2, 3)]),
  row('ConstantOfShape', [ints(2, 3)], { value: { tensor: tensor('float32', [1], [2.5]) } }),
  row('ConstantOfShape', [ints(2)], { value: { tensor: tensor('int64', [1], [7]) } }),
  row('ConstantOfShape', [ints()], { value: { tensor: tensor('float32', [1], [1]) } }),
  row('ConstantOfShape', [ints(0, 2)]),
];

export const movementCases: OracleCase[] = [
  ...reshaping,
  ...joining,
  ...cutting,
  ...repeating,
  ...indexing,
  ...making,
];
