/** What the op table infers, against what the oracle computes. */
import { describe, expect, it } from 'vitest';
import { HarrierError } from '../../src/errors.ts';
import {
  type Attributes,
  type GraphBuilder,
  int64,
  type Shape,
  tensor,
  type Value,
} from '../../src/onnx/index.ts';
import { createGraph, OPS } from '../../src/ops/index.ts';
import { cases, describeCase, inputsOf, type OracleCase, opOf, outputTypesOf } from '../oracle/cases.ts';
import { oracle } from '../oracle/index.ts';

function inferred(row: OracleCase): Value[] {
  const graph = createGraph('inference');
  const contents = inputsOf(row);
  const values = row.inputs.map((input, i) => {
    if (!input) return undefined;
    const { dims, type = 'float32', constant } = input;
    if (constant) return graph.initializer(`x${i}`, tensor(type, dims, contents[i]!.data));
    return graph.input(`x${i}`, type, dims);
  });
  return graph.ops(row.op, values, row.attributes, { domain: row.domain, outputs: row.outputs });
}

describe('inferred types and dims are the oracle’s', () => {
  for (const row of cases) {
    if (!OPS.has(opOf(row))) continue;
    it(describeCase(row), () => {
      const outputs = oracle[opOf(row)](inputsOf(row), row.attributes).slice(0, row.outputs ?? 1);
      const types = outputTypesOf(row);
      expect(inferred(row).map(({ type, shape }) => ({ type, dims: shape }))).toEqual(
        outputs.map(({ dims }, i) => ({ type: types[i], dims })),
      );
    });
  }
});

describe('a free batch size', () => {
  const x = (...shape: Shape) => shape;
  const given = (...values: number[]) => ({ constant: values });
  const table: [string, (Shape | { constant: number[] })[], Attributes, Shape][] = [
    ['Conv', [x('N', 3, 8, 8), x(4, 3, 3, 3), x(4)], { strides: [2, 2] }, x('N', 4, 3, 3)],
    ['MaxPool', [x('N', 3, 8, 8)], { kernel_shape: [2, 2], strides: [2, 2] }, x('N', 3, 4, 4)],
    ['AveragePool', [x('N', 3, 8, 8)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, x('N', 3, 8, 8)],
    ['GlobalAveragePool', [x('N', 3, 8, 8)], {}, x('N', 3, 1, 1)],
    ['BatchNormalization', [x('N', 3, 8, 8), x(3), x(3), x(3), x(3)], {}, x('N', 3, 8, 8)],
    ['Gemm', [x('N', 6), x(6, 2), x(2)], {}, x('N', 2)],
    ['MatMul', [x('N', 5, 6), x(6, 2)], {}, x('N', 5, 2)],
    ['Add', [x('N', 3, 1), x(1, 3, 4)], {}, x('N', 3, 4)],
    ['Mul', [x('N', 3), x('N', 1)], {}, x('N', 3)],
    ['Relu', [x('N', 3)], {}, x('N', 3)],
    ['Softmax', [x('N', 3)], {}, x('N', 3)],
    ['Flatten', [x('N', 3, 4)], {}, x('N', 12)],
    ['Flatten', [x('N', 3, 4)], { axis: 2 }, x('N*3', 4)],
    ['Reshape', [x('N', 3, 4), given(0, -1)], {}, x('N', 12)],
    ['Reshape', [x('N', 3, 4), given(-1, 12)], {}, x('N', 12)],
    ['Reshape', [x('N', 12), given(-1, 3, 2)], {}, x('N*2', 3, 2)],
    ['Reshape', [x('N*6', 4), given(-1, 3, 4)], {}, x('N*2', 3, 4)],
    ['Reshape', [x('N*6', 4), given(-1, 6, 4)], {}, x('N', 6, 4)],
    ['Transpose', [x('N', 3, 4, 5)], { perm: [0, 2, 3, 1] }, x('N', 4, 5, 3)],
    ['Concat', [x('N', 3), x('N', 4)], { axis: 1 }, x('N', 7)],
    ['Concat', [x('N', 3), x('N', 3)], { axis: 0 }, x('N+N', 3)],
    ['Slice', [x('N', 8), given(1), given(7), given(1), given(2)], {}, x('N', 3)],
    ['Pad', [x('N', 3, 4, 4), given(0, 0, 1, 1, 0, 0, 1, 1)], {}, x('N', 3, 6, 6)],
    ['ReduceSum', [x('N', 3, 4), given(1)], { keepdims: 0 }, x('N', 4)],
    ['ReduceMean', [x('N', 3, 4), given(0)], {}, x(1, 3, 4)],
    ['ArgMax', [x('N', 3)], { axis: -1, keepdims: 0 }, x('N')],
    ['Squeeze', [x('N', 1, 3), given(1)], {}, x('N', 3)],
    ['Unsqueeze', [x('N', 3), given(1)], {}, x('N', 1, 3)],
    ['Resize', [x('N', 3, 4, 4), x(), { constant: [1, 1, 2, 2] }], {}, x('N', 3, 8, 8)],
  ];
  it.each(table)('%s of %j', (op, inputs, attributes, expected) => {
    const graph = createGraph('free');
    const value = (builder: GraphBuilder, i: number): Value => {
      const input = inputs[i];
      return 'constant' in input
        ? builder.initializer(`x${i}`, int64(input.constant))
        : builder.input(`x${i}`, 'float32', input);
    };
    expect(
      graph.op(
        op,
        inputs.map((_, i) => value(graph, i)),
        attributes,
      ).shape,
    ).toEqual(expected);
  });
});

describe('what does not fit is refused, in a sentence that names op and shapes', () => {
  const table: [string, Shape[], Attributes, string][] = [
    ['Add', [[2, 3], [2]], {}, 'shapes cannot be broadcast to each other: received (2, 3), (2,).'],
    [
      'Conv',
      [
        [1, 3, 8, 8],
        [4, 2, 3, 3],
      ],
      {},
      'the kernel takes 2 channels, the input has 3',
    ],
    [
      'Conv',
      [
        [1, 3, 2, 2],
        [4, 3, 3, 3],
      ],
      {},
      'a window of 3 is larger than the 2 positions it slides over',
    ],
    [
      'Conv',
      [
        [1, 4, 5, 5],
        [3, 2, 3, 3],
      ],
      { group: 2 },
      '3 output channels do not divide into 2 groups',
    ],
    [
      'MatMul',
      [
        [2, 3],
        [4, 5],
      ],
      {},
      'inner sizes 3 and 4 differ',
    ],
    ['MatMul', [[], [4, 5]], {}, 'a matrix product needs an axis on both sides'],
    [
      'Gemm',
      [
        [2, 3, 4],
        [4, 5],
      ],
      {},
      'Gemm multiplies two matrices',
    ],
    ['Gemm', [[2, 3], [3, 4], [5]], {}, 'the addend does not fit the product'],
    [
      'Concat',
      [
        [2, 3],
        [3, 3],
      ],
      { axis: 1 },
      'sizes differ along axis 0',
    ],
    ['Softmax', [[2, 3]], { axis: 2 }, 'axis 2 of a value of rank 2'],
    ['MaxPool', [[1, 3, 8]], { kernel_shape: [2, 2] }, 'the window does not have the rank of the image'],
    ['BatchNormalization', [[1, 3, 2, 2], [3], [3], [2], [3]], {}, 'input 3 must have one number for each'],
  ];
  it.each(table)('%s of %j', (op, shapes, attributes, message) => {
    const graph = createGraph('misfit');
    const values = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
    const build = () => graph.op(op, values, attributes);
    expect(build).toThrow(HarrierError);
    expect(build).toThrow(expect.objectContaining({ code: 'bad-shape' }));
    expect(build).toThrow(message);
  });
});
