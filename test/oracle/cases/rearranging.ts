import { type Attributes, float } from '../../../src/onnx/types.ts';
import { ints, type OracleCase, of, row, scalar } from './case.ts';

export const rearrangingCases: OracleCase[] = [
  ...([{}, { mode: 'CRD' }] as Attributes[]).flatMap((mode) => [
    row('DepthToSpace', [[2, 8, 2, 3]], { blocksize: 2, ...mode }),
    row('DepthToSpace', [[1, 9, 1, 2]], { blocksize: 3, ...mode }),
  ]),
  row('SpaceToDepth', [[2, 3, 4, 6]], { blocksize: 2 }),
  row('SpaceToDepth', [[1, 2, 3, 6]], { blocksize: 3 }),
  row('Trilu', [[2, 3, 4]]),
  row('Trilu', [[4, 3], scalar(1, 'int64')]),
  row('Trilu', [[3, 4], scalar(-1, 'int64')], { upper: 0 }),
  row('TopK', [of('distinct', 2, 6), ints(3)], {}, { outputs: 2 }),
  row('TopK', [of('distinct', 5, 3), ints(2)], { axis: 0, largest: 0 }, { outputs: 2 }),
  row('ThresholdedRelu', [of('distinct', 2, 5)], { alpha: float(0.1) }),
  row('ThresholdedRelu', [of('nonzero', 2, 5)], { alpha: float(0) }),
  row('ReduceLogSum', [of('positive', 2, 3, 4), ints(1)]),
  row('ReduceLogSum', [of('positive', 2, 3), ints(-1)], { keepdims: 0 }),
  row('ReduceLogSum', [of('positive', 2, 3)]),
  row(
    'Einsum',
    [
      [2, 3],
      [3, 4],
    ],
    { equation: 'ij,jk->ik' },
  ),
  row(
    'Einsum',
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    { equation: 'bid,bjd->bij' },
  ),
  row(
    'Einsum',
    [
      [2, 3, 2, 2],
      [2, 4, 2, 2],
    ],
    { equation: 'bchw,bkhw->bck' },
  ),
  row('Einsum', [[2, 3, 4]], { equation: 'bij->bji' }),
  row('Einsum', [[2, 3, 4]], { equation: 'bij->b' }),
  row('Einsum', [[3], [4]], { equation: 'i,j->ij' }),
  row(
    'Einsum',
    [
      [2, 3],
      [3, 2],
    ],
    { equation: 'ij,jk' },
  ),
  row(
    'Einsum',
    [
      [2, 3],
      [2, 3],
    ],
    { equation: 'ij,ij->' },
  ),
];
