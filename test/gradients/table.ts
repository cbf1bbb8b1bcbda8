/** The table of gradients: every op that has a gradient rule, with attributes, shapes and input domains. */
import { type Attributes, float } from '../../src/onnx/index.ts';
import { OPS } from '../../src/ops/index.ts';
import { bools, ints, of, row, scalar } from '../oracle/cases/case.ts';
import { cases, describeCase, inputsOf, type OracleCase, opOf } from '../oracle/cases.ts';
import { type OracleOp, oracle } from '../oracle/index.ts';
import type { Problem } from './problem.ts';
import { batchNormalizationTraining, oneAxisAsTwo, overPadded } from './references.ts';

export interface GradientRow extends OracleCase {
  /** The op in float64. Default: the oracle's. */
  reference?: OracleOp;
  tolerance?: number;
}

/** Inputs that are floats but no variables: a rule refuses them. */
const FIXED_INPUTS: Readonly<Record<string, readonly number[]>> = { BatchNormalization: [3, 4] };

/** Why a row of the table of cases has no gradient, though its op has a rule; undefined where it has. */
export function refusal({ op, attributes, inputs }: OracleCase): string | undefined {
  const floats = inputs.filter((input) => input && (input.type ?? 'float32') === 'float32');
  if ((op === 'Max' || op === 'Min') && floats.length !== 2) return 'other than two inputs';
  if (op === 'Pad' && (attributes.mode ?? 'constant') !== 'constant') return 'a mode other than constant';
  if (op === 'Pad' && typeof inputs[1]?.values === 'object' && inputs[1].values.some((cells) => cells < 0)) {
    return 'negative padding';
  }
  if (op === 'Dropout' && inputs[2]) return 'a random stream of its own';
  return undefined;
}

/** Whether the op is a smooth function of random floats at the row's inputs. */
function isDifferentiable(row: OracleCase): boolean {
  if (typeof OPS.get(opOf(row))?.derivative !== 'function') return false;
  if (row.inputs.some((input) => input?.dims.includes(0))) return false;
  // Inputs written out are the special points of a function: corners, ties, overflows.
  if (
    row.inputs.some((input) => input && !input.constant && isFloat(input) && typeof input.values === 'object')
  ) {
    return false;
  }
  if (row.inputs.some((input) => input?.values === 'integers')) return false;
  if (row.op === 'Cast' && row.attributes.to !== 1) return false;
  return variablesOf(row).length > 0;
}

const isFloat = (input: NonNullable<OracleCase['inputs'][number]>): boolean =>
  (input.type ?? 'float32') === 'float32';

export function variablesOf({ op, inputs }: OracleCase): number[] {
  return inputs.flatMap((input, i) =>
    input && !input.constant && isFloat(input) && !FIXED_INPUTS[op]?.includes(i) ? [i] : [],
  );
}

/** Rows of the table of cases whose gradients are refused. */
export const refused: readonly OracleCase[] = cases.filter(
  (row) =>
    typeof OPS.get(opOf(row))?.derivative === 'function' &&
    refusal(row) !== undefined &&
    variablesOf(row).length > 0,
);

const harrier = { domain: 'harrier' };

/** What the table of cases leaves out. */
const more: readonly GradientRow[] = [
  row('Cast', [[2, 3]], { to: 1 }),
  // On both sides of the corners.
  row('HardSigmoid', [of([-9, -2.6, -2.4, 0, 2.4, 2.6, 9])]),
  row('HardSigmoid', [of([-2, -0.3, 0, 0.6, 0.8, 2])], { alpha: float(1), beta: float(0.25) }),
  row('HardSwish', [of([-9, -3.1, -2.9, -1, 0, 1, 2.9, 3.1, 9])]),
  row('Clip', [of([-3, -0.6, -0.4, 0, 0.4, 0.6, 3]), scalar(-0.5), scalar(0.5)]),
  row('Softplus', [of([-30, -5, 0, 5, 30])]),
  row('Gelu', [of([-6, -3, -1, 0, 1, 3, 6])]),
  row('Gelu', [of([-6, -3, -1, 0, 1, 3, 6])], { approximate: 'tanh' }),
  row('Tanh', [of([-9, -2, 0, 2, 9])]),
  row('Sigmoid', [of([-30, -2, 0, 2, 30])]),
  row('Softmax', [of([90, 89, -90, 88, 0, -88], 2, 3)]),
  row('LogSoftmax', [of([90, 89, -90, 88, 0, -88], 2, 3)]),
  row('Pow', [of([-2, -0.5, 0, 0.5, 2]), scalar(2)]),
  row('Pow', [of([-2, -0.5, 0, 0.5, 2]), scalar(3)]),
  row('Pow', [of([-2, -0.5, 0, 0.5, 2]), scalar(0)]),
  row('Pow', [of('nonzero', 2, 3), { ...scalar(3, 'int64') }]),
  row('Sum', [[2, 1, 3], [4, 1], [], [3]]),
  row('Where', [bools(2, 1, 3), [1, 4, 1], []]),
  row('Where', [bools(), [2], [3, 1]]),
  row('Expand', [[1, 1, 1], ints(2, 1, 3)]),
  row('Dropout', [[2, 3], scalar(0.5)]),
  row('MatMul', [[3], [2, 1, 3, 2]]),
  row('MatMul', [[2, 1, 2, 3], [3]]),
  // Tiny convolutions, whose Jacobians are compared in full: plain; with steps that leave a remainder; padded by more
  // than the kernel; spread; in groups; depthwise with several outputs a channel; along one axis; along three.
  row('Conv', [[2, 1, 3, 3], [2, 1, 2, 2], [2]]),
  row('Conv', [[1, 2, 4, 4], [1, 2, 2, 2], [1]], { strides: [3, 3] }),
  row('Conv', [[1, 1, 5, 4], [2, 1, 2, 2], [2]], { strides: [2, 2] }),
  { ...row('Conv', [[1, 1, 2, 3], [2, 1, 2, 2], [2]], { pads: [2, 3, 3, 2] }), reference: overPadded },
  { ...row('Conv', [[1, 1, 3, 3], [2, 1, 1, 1], [2]], { pads: [1, 0, 1, 1] }), reference: overPadded },
  {
    ...row('Conv', [[1, 1, 3, 3], [1, 1, 1, 1], [1]], { pads: [1, 1, 1, 1], strides: [2, 2] }),
    reference: overPadded,
  },
  row('Conv', [[1, 1, 4, 5], [2, 1, 2, 2], [2]], { dilations: [2, 3] }),
  row('Conv', [[1, 1, 6, 5], [1, 1, 2, 2], [1]], { dilations: [2, 2], strides: [2, 3], pads: [1, 0, 0, 1] }),
  row('Conv', [[1, 4, 3, 3], [2, 2, 2, 2], [2]], { group: 2 }),
  row('Conv', [[1, 2, 4, 3], [4, 1, 2, 2], [4]], { group: 2, strides: [2, 1] }),
  row('Conv', [[1, 3, 3, 3], [3, 1, 3, 3], [3]], { group: 3, pads: [1, 1, 1, 1] }),
  row(
    'Conv',
    [
      [2, 3, 9, 8],
      [3, 1, 3, 2],
    ],
    { group: 3, strides: [3, 2], dilations: [2, 1], pads: [1, 0, 1, 1] },
  ),
  // A kernel position that never meets the image.
  row('Conv', [[1, 1, 2, 2], [1, 1, 3, 3], [1]], { pads: [1, 1, 1, 1], strides: [2, 2] }),
  {
    ...row('Conv', [[2, 2, 5], [2, 2, 3], [2]], { strides: [2], pads: [1, 0] }),
    reference: oneAxisAsTwo('Conv'),
  },
  {
    ...row(
      'Conv',
      [
        [2, 2, 5],
        [2, 1, 2],
      ],
      { group: 2, dilations: [2] },
    ),
    reference: oneAxisAsTwo('Conv'),
  },
  // Larger ones.
  row('Conv', [[4, 8, 12, 12], [16, 8, 3, 3], [16]], { pads: [1, 1, 1, 1] }),
  row('Conv', [[2, 8, 13, 12], [12, 4, 5, 3], [12]], { group: 2, strides: [2, 2], pads: [2, 1, 2, 1] }),
  // Pools along one axis.
  {
    ...row('MaxPool', [of('distinct', 1, 2, 6)], { kernel_shape: [2], strides: [2] }),
    reference: oneAxisAsTwo('MaxPool'),
  },
  {
    ...row('MaxPool', [of('distinct', 1, 2, 7)], { kernel_shape: [3], strides: [2] }),
    reference: oneAxisAsTwo('MaxPool'),
  },
  {
    ...row('AveragePool', [[1, 2, 6]], { kernel_shape: [2], strides: [2] }),
    reference: oneAxisAsTwo('AveragePool'),
  },
  {
    ...row('AveragePool', [[1, 2, 7]], { kernel_shape: [3], strides: [2], pads: [1, 1] }),
    reference: oneAxisAsTwo('AveragePool'),
  },
  ...([{}, { epsilon: float(0.1) }] as Attributes[]).flatMap((attributes): GradientRow[] =>
    [
      [2, 3, 2, 2],
      [6, 4],
      [3, 2, 5],
      [8, 5, 6, 6],
    ].map((dims) => ({
      ...row('BatchNormalizationTraining', [dims, [dims[1]], [dims[1]]], attributes, {
        outputs: 3,
        ...harrier,
      }),
      reference: batchNormalizationTraining,
    })),
  ),
];

export const rows: readonly GradientRow[] = [
  ...cases.filter((row) => isDifferentiable(row) && refusal(row) === undefined),
  ...more,
];

export function problemOf(row: GradientRow): Problem {
  const values = inputsOf(row);
  const reference = row.reference ?? oracle[opOf(row)];
  return {
    name: describeCase(row),
    inputs: row.inputs.map(
      (input, i) => input && { ...values[i]!, type: input.type, constant: input.constant },
    ),
    wrt: variablesOf(row),
    build: (graph, inputs) =>
      graph.ops(row.op, inputs, row.attributes, { domain: row.domain, outputs: row.outputs })[0],
    reference: (inputs) => reference(inputs, row.attributes)[0],
    tolerance: row.tolerance,
  };
}
