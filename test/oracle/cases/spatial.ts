import { type Attributes, float } from '../../../src/onnx/types.ts';
import { type Distribution, indices, ints, type OracleCase, of, row, scalar } from './case.ts';

/** Input, kernel [M, C/group, kH, kW], attributes; every one also runs with a bias. */
const convolutions: [number[], number[], Attributes][] = [
  [[1, 1, 3, 3], [1, 1, 1, 1], {}],
  [[2, 3, 5, 4], [4, 3, 1, 1], {}],
  [[2, 3, 5, 4], [4, 3, 1, 1], { strides: [2, 2] }],
  [[2, 3, 6, 5], [4, 3, 3, 3], {}],
  [[2, 3, 6, 5], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  [[1, 2, 6, 5], [3, 2, 3, 3], { pads: [0, 1, 2, 0] }],
  [[1, 2, 6, 5], [3, 2, 2, 3], { strides: [2, 1] }],
  [[1, 2, 7, 7], [3, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[1, 2, 8, 7], [3, 2, 3, 3], { strides: [2, 3] }], // rows and columns left over
  [[1, 2, 8, 8], [3, 2, 3, 3], { strides: [3, 3], pads: [2, 0, 1, 1] }],
  [[1, 2, 7, 8], [3, 2, 3, 3], { dilations: [2, 2] }],
  [[1, 2, 7, 8], [3, 2, 3, 2], { dilations: [2, 3], pads: [2, 1, 2, 1] }],
  [[1, 2, 9, 9], [3, 2, 3, 3], { dilations: [2, 2], strides: [2, 2], pads: [2, 2, 2, 2] }],
  [[2, 4, 5, 5], [6, 2, 3, 3], { group: 2 }],
  [[2, 4, 5, 5], [6, 2, 3, 3], { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[1, 3, 5, 5], [3, 1, 3, 3], { group: 3, pads: [1, 1, 1, 1] }], // depthwise
  [[1, 3, 6, 6], [6, 1, 3, 3], { group: 3, strides: [2, 2] }],
  [[1, 4, 6, 6], [8, 2, 2, 2], { group: 2, dilations: [2, 2] }],
  [[1, 2, 4, 4], [3, 2, 4, 4], {}], // the whole plane
  [[1, 2, 2, 2], [3, 2, 3, 3], { pads: [2, 2, 2, 2] }],
  [[1, 2, 4, 4], [2, 2, 3, 3], { strides: [4, 4] }],
  [[1, 2, 5, 6], [3, 2, 3, 3], { auto_pad: 'SAME_UPPER' }],
  [[1, 2, 5, 6], [3, 2, 2, 2], { auto_pad: 'SAME_UPPER' }],
  [[1, 2, 5, 6], [3, 2, 2, 2], { auto_pad: 'SAME_LOWER' }],
  [[1, 2, 7, 6], [3, 2, 3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
  [[1, 2, 7, 6], [3, 2, 3, 3], { auto_pad: 'SAME_LOWER', strides: [2, 2] }],
  [[1, 2, 5, 6], [3, 2, 3, 3], { auto_pad: 'VALID', strides: [2, 1] }],
  [[0, 2, 5, 5], [3, 2, 3, 3], {}],
];

/** Input, kernel [C, M/group, kH, kW], attributes; every one also runs with a bias. */
const transposed: [number[], number[], Attributes][] = [
  [[1, 1, 3, 3], [1, 1, 1, 1], {}],
  [[2, 3, 4, 3], [3, 2, 3, 3], {}],
  [[1, 3, 4, 3], [3, 2, 3, 3], { pads: [1, 1, 1, 1] }],
  [[1, 3, 4, 3], [3, 2, 2, 3], { strides: [2, 2] }],
  [[1, 3, 4, 3], [3, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }],
  [[1, 3, 4, 3], [3, 2, 3, 3], { strides: [3, 2], pads: [0, 1, 2, 0], output_padding: [2, 0] }],
  [[1, 2, 4, 3], [2, 2, 3, 2], { dilations: [2, 2] }],
  [[1, 2, 4, 3], [2, 2, 3, 3], { dilations: [2, 1], strides: [2, 2], pads: [1, 1, 0, 1] }],
  [[2, 4, 3, 3], [4, 3, 3, 3], { group: 2 }],
  [[1, 4, 3, 3], [4, 1, 3, 3], { group: 4, strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }],
  [[1, 4, 3, 3], [4, 2, 2, 2], { group: 2, dilations: [2, 2], strides: [2, 1] }],
  [[1, 2, 1, 1], [2, 3, 4, 4], {}],
];

const withAndWithoutBias =
  (op: string, outputs: (kernel: number[], attributes: Attributes) => number) =>
  ([x, kernel, attributes]: [number[], number[], Attributes]): OracleCase[] => [
    row(op, [x, kernel], { kernel_shape: kernel.slice(2), ...attributes }),
    row(op, [x, kernel, [outputs(kernel, attributes)]], attributes),
  ];

/** Input and attributes of a pool. */
const pools: [number[], Attributes][] = [
  [[1, 1, 4, 4], { kernel_shape: [2, 2], strides: [2, 2] }],
  [[2, 3, 6, 6], { kernel_shape: [2, 2], strides: [2, 2] }],
  [[1, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2] }], // a row and a column left over
  [[1, 2, 5, 5], { kernel_shape: [2, 2] }], // overlapping
  [[1, 2, 6, 5], { kernel_shape: [3, 3], strides: [2, 2] }],
  [[2, 2, 7, 7], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[1, 2, 5, 6], { kernel_shape: [3, 2], strides: [1, 2], pads: [1, 0, 2, 1] }],
  [[1, 2, 5, 5], { kernel_shape: [1, 1], strides: [2, 2] }],
  [[1, 2, 6, 6], { kernel_shape: [2, 2], strides: [3, 3] }],
  [[1, 2, 4, 5], { kernel_shape: [4, 5] }],
  [[1, 2, 7, 7], { kernel_shape: [3, 3], dilations: [2, 2] }],
  [[1, 2, 7, 7], { kernel_shape: [2, 3], dilations: [3, 2], pads: [1, 1, 1, 1] }],
  [[1, 2, 8, 7], { kernel_shape: [2, 2], dilations: [2, 2], strides: [2, 2], pads: [1, 1, 0, 1] }],
  [[1, 2, 5, 6], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }],
  [[1, 2, 6, 6], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
  [[1, 2, 6, 7], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 }],
  [[1, 2, 4, 4], { kernel_shape: [1, 1], strides: [2, 2], ceil_mode: 1 }],
  [[1, 1, 2, 2], { kernel_shape: [1, 1], strides: [2, 2], ceil_mode: 1 }], // a window that would start outside
  [[1, 2, 6, 6], { kernel_shape: [2, 2], strides: [3, 3], pads: [0, 0, 1, 1], ceil_mode: 1 }],
  [[1, 2, 5, 6], { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER' }],
  [[1, 2, 5, 6], { kernel_shape: [2, 2], auto_pad: 'SAME_LOWER' }],
  [[1, 2, 7, 6], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
  [[1, 2, 7, 6], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
  [[1, 2, 5, 6], { kernel_shape: [3, 2], strides: [2, 2], auto_pad: 'VALID' }],
  [[1, 1, 5, 5], { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'SAME_UPPER', ceil_mode: 1 }],
  [
    [1, 1, 7, 7],
    { kernel_shape: [3, 2], dilations: [2, 2], strides: [2, 3], pads: [1, 1, 0, 1], ceil_mode: 1 },
  ],
  [[0, 2, 4, 4], { kernel_shape: [2, 2] }],
];

const onPools = (op: string, values: Distribution, more: Attributes, outputs: number): OracleCase[] =>
  pools.map(([dims, attributes]) => row(op, [of(values, ...dims)], { ...attributes, ...more }, { outputs }));

const globalPools: OracleCase[] = ['GlobalAveragePool', 'GlobalMaxPool'].flatMap((op) => [
  row(op, [of('distinct', 2, 3, 4, 5)]),
  row(op, [of('distinct', 2, 3, 1, 1)]),
  row(op, [of('distinct', 2, 3, 6)]),
]);

const unpools: OracleCase[] = [
  row('MaxUnpool', [[1, 1, 2, 2], indices([1, 1, 2, 2], [5, 7, 13, 15])], {
    kernel_shape: [2, 2],
    strides: [2, 2],
  }),
  row('MaxUnpool', [[1, 2, 2, 1], indices([1, 2, 2, 1], [1, 4, 7, 10])], {
    kernel_shape: [2, 2],
    strides: [2, 2],
    pads: [0, 0, 1, 0],
  }),
  row('MaxUnpool', [[1, 1, 2, 2], indices([1, 1, 2, 2], [6, 8, 16, 18]), ints(1, 1, 5, 5)], {
    kernel_shape: [2, 2],
    strides: [2, 2],
  }),
];

export const spatialCases: OracleCase[] = [
  ...convolutions.flatMap(withAndWithoutBias('Conv', (kernel) => kernel[0])),
  row(
    'Conv',
    [
      [1, 2, 5, 5],
      [3, 2, 3, 3],
    ],
    { auto_pad: 'SAME_UPPER', dilations: [2, 2] },
    { notInRuntime: 'refuses dilations with auto_pad SAME' },
  ),
  row('ConvTranspose', [
    [0, 2, 3, 3],
    [2, 2, 3, 3],
  ]),
  ...transposed.flatMap(
    withAndWithoutBias('ConvTranspose', (kernel, { group = 1 }) => kernel[1] * Number(group)),
  ),
  ...onPools('MaxPool', 'distinct', {}, 1),
  ...onPools('MaxPool', 'distinct', {}, 2),
  row('MaxPool', [of('integers', 2, 2, 5, 5)], { kernel_shape: [3, 3], strides: [1, 1] }, { outputs: 2 }),
  row(
    'MaxPool',
    [of([-3, -2, -1, -4], 1, 1, 2, 2)],
    { kernel_shape: [2, 2], pads: [1, 1, 1, 1] },
    { outputs: 2 },
  ),
  ...onPools('AveragePool', 'normal', {}, 1),
  ...onPools('AveragePool', 'normal', { count_include_pad: 1 }, 1),
  ...globalPools,
  ...unpools,
];

const statistics = (channels: number) => [[channels], [channels], [channels], of('positive', channels)];
const training = { training_mode: 1 };

export const normalizationCases: OracleCase[] = [
  row('BatchNormalization', [[2, 3, 4, 2], ...statistics(3)]),
  row('BatchNormalization', [[2, 3, 4, 2], ...statistics(3)], { epsilon: float(0.01), momentum: float(0.5) }),
  row('BatchNormalization', [[4, 3], ...statistics(3)]),
  row('BatchNormalization', [[2, 3, 5], ...statistics(3)]),
  row('BatchNormalization', [[2, 3, 4, 2], ...statistics(3)], training, { outputs: 3 }),
  row(
    'BatchNormalization',
    [[1, 2, 3, 3], ...statistics(2)],
    { ...training, momentum: float(0) },
    { outputs: 3 },
  ),
  row(
    'BatchNormalization',
    [[3, 2, 2, 2], ...statistics(2)],
    { ...training, momentum: float(0.6), epsilon: float(0.1) },
    { outputs: 3 },
  ),
  row('BatchNormalization', [[5, 3], ...statistics(3)], training, { outputs: 3 }),
  row('InstanceNormalization', [[2, 3, 4, 2], [3], [3]]),
  row('InstanceNormalization', [[2, 3, 5], [3], [3]], { epsilon: float(0.1) }),
  row('GroupNormalization', [[2, 4, 3, 2], [4], [4]], { num_groups: 2 }),
  row('GroupNormalization', [[2, 4, 3, 2], [4], [4]], { num_groups: 4 }),
  row('GroupNormalization', [[2, 6, 3], [6], [6]], { num_groups: 1, epsilon: float(0.1) }),
  row('LayerNormalization', [[2, 3, 4], [4], [4]]),
  row('LayerNormalization', [[2, 3, 4], [4]]),
  row('LayerNormalization', [[2, 3, 4], [4], [4]], { epsilon: float(0.1) }, { outputs: 3 }),
  row(
    'LayerNormalization',
    [
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    { axis: 1 },
    { outputs: 3 },
  ),
  row(
    'LayerNormalization',
    [
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    { axis: -2 },
  ),
  row(
    'LayerNormalization',
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    { axis: 0 },
  ),
  row('Dropout', [[2, 3]]),
  row('Dropout', [[2, 3]], { seed: 7 }, { outputs: 2 }),
  row('Dropout', [[2, 3], scalar(0.5), scalar(0, 'bool')], {}, { outputs: 2 }),
  row('Dropout', [[2, 3], scalar(0), scalar(1, 'bool')], {}, { outputs: 2 }),
  row('BatchNormalization', [[0, 2, 3, 3], ...statistics(2)]),
];
