/** A node of an older operator set, imported, computes what ONNX Runtime computes from it as it was written. */
import { describe, expect, it } from 'vitest';
import { random } from '../../src/data/random.ts';
import {
  type Attributes,
  type ElementType,
  encodeModel,
  float,
  type Graph,
  type Model,
  modelOf,
  type Node,
  numbersOf,
  type Shape,
  type Tensor,
  tensor,
} from '../../src/onnx/index.ts';
import { createGraph, importGraph } from '../../src/ops/index.ts';
import { lower } from '../../src/passes/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';

const runtime = nodeRuntime({ threads: 1 });

interface Row {
  readonly op: string;
  readonly opset: number;
  readonly attributes?: Attributes;
  /** Sizes of the input; the batch is open where the first is `N`, for which 2 is fed. */
  readonly x: Shape;
  readonly constants?: readonly (Tensor | undefined)[];
  readonly outputs?: number;
  readonly type?: ElementType;
}

const floats = (...values: number[]) => tensor('float32', [values.length], values);

const REDUCTIONS = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'];

const ROWS: readonly Row[] = [
  { op: 'Softmax', opset: 12, x: [2, 3, 4, 5] },
  { op: 'Softmax', opset: 12, x: ['N', 3, 4, 5], attributes: { axis: 2 } },
  { op: 'Softmax', opset: 7, x: ['N', 3, 4, 5], attributes: { axis: 0 } },
  { op: 'Softmax', opset: 11, x: ['N', 3, 4, 5], attributes: { axis: -1 } },
  { op: 'Softmax', opset: 12, x: ['N', 3, 1, 1] },
  { op: 'Softmax', opset: 12, x: ['N', 1, 3, 1] },
  { op: 'Softmax', opset: 12, x: [1, 1, 1, 1] },
  { op: 'Softmax', opset: 12, x: ['N', 6] },
  { op: 'LogSoftmax', opset: 12, x: ['N', 3, 4] },
  { op: 'LogSoftmax', opset: 9, x: [2, 3, 4], attributes: { axis: 0 } },
  ...REDUCTIONS.filter((name) => !['L1', 'LogSum', 'Prod'].includes(name)).flatMap((name): Row[] => [
    { op: `Reduce${name}`, opset: 12, x: ['N', 3, 4, 5], attributes: { axes: [2, 3] } },
    { op: `Reduce${name}`, opset: 11, x: ['N', 3, 4, 5], attributes: { axes: [-1], keepdims: 0 } },
    { op: `Reduce${name}`, opset: 11, x: [2, 3, 4] },
  ]),
  { op: 'ReduceMean', opset: 17, x: ['N', 3, 4, 5], attributes: { axes: [1] } },
  { op: 'ReduceMax', opset: 13, x: ['N', 3, 4, 5], attributes: { axes: [1, 2] } },
  { op: 'Squeeze', opset: 12, x: ['N', 1, 3, 1], attributes: { axes: [3] } },
  { op: 'Squeeze', opset: 11, x: ['N', 1, 3, 1], attributes: { axes: [-1, 1] } },
  { op: 'Squeeze', opset: 12, x: [2, 1, 3, 1] },
  { op: 'Unsqueeze', opset: 12, x: ['N', 3], attributes: { axes: [0, 3] } },
  { op: 'Unsqueeze', opset: 11, x: ['N', 3], attributes: { axes: [-1] } },
  { op: 'Clip', opset: 10, x: ['N', 9], attributes: { min: float(-0.5), max: float(0.25) } },
  { op: 'Clip', opset: 7, x: ['N', 9], attributes: { max: float(0) } },
  { op: 'Clip', opset: 10, x: ['N', 9] },
  { op: 'Dropout', opset: 10, x: ['N', 9], attributes: { ratio: float(0.3) } },
  { op: 'Dropout', opset: 7, x: ['N', 9] },
  {
    op: 'BatchNormalization',
    opset: 8,
    x: ['N', 2, 3, 3],
    attributes: { spatial: 1, epsilon: float(0.01) },
    constants: [floats(2, 0.5), floats(1, -1), floats(0.1, 0.2), floats(2, 1)],
  },
  { op: 'Pad', opset: 10, x: [2, 3, 4], attributes: { pads: [0, 1, 2, 0, 1, 0], value: float(1.5) } },
  { op: 'Pad', opset: 10, x: [2, 3, 4], attributes: { pads: [0, 1, 2, 0, 1, 0], mode: 'reflect' } },
  {
    op: 'Slice',
    opset: 9,
    x: ['N', 5, 6],
    attributes: { starts: [1, -3], ends: [2 ** 63, 5], axes: [1, 2] },
  },
  { op: 'Slice', opset: 9, x: [3, 5], attributes: { starts: [1, 0], ends: [3, 4] } },
  { op: 'Upsample', opset: 7, x: ['N', 2, 3, 3], attributes: { scales: { floats: [1, 1, 2, 2] } } },
  { op: 'Upsample', opset: 9, x: ['N', 2, 3, 3], constants: [floats(1, 1, 2, 3)] },
  {
    op: 'Upsample',
    opset: 9,
    x: [2, 2, 3, 3],
    constants: [floats(1, 1, 2, 2)],
    attributes: { mode: 'linear' },
  },
  { op: 'Resize', opset: 10, x: ['N', 2, 3, 3], constants: [floats(1, 1, 2, 2)] },
  { op: 'Resize', opset: 10, x: [2, 2, 4, 5], constants: [floats(1, 1, 0.5, 0.6)] },
  {
    op: 'Resize',
    opset: 10,
    x: [2, 2, 3, 3],
    constants: [floats(1, 1, 2, 2)],
    attributes: { mode: 'linear' },
  },
  {
    op: 'Resize',
    opset: 11,
    x: [2, 2, 3, 3],
    constants: [tensor('float32', [0], []), floats(1, 1, 2, 2)],
    attributes: { mode: 'linear' },
  },
  {
    op: 'Resize',
    opset: 13,
    x: [2, 2, 3, 3],
    constants: [undefined, undefined, tensor('int64', [4], [2, 2, 7, 5])],
  },
];

function modelOfRow({
  op,
  opset,
  attributes = {},
  x,
  constants = [],
  outputs = 1,
  type = 'float32',
}: Row): Model {
  const node: Node = {
    name: 'node',
    opType: op,
    domain: '',
    inputs: ['x', ...constants.map((each, i) => (each ? `c${i}` : ''))],
    outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
    attributes,
  };
  const graph: Graph = {
    name: 'old',
    opset,
    inputs: [{ name: 'x', type, shape: x }],
    outputs: node.outputs.map((name, i) => ({ name, type: i === 0 ? type : 'bool', shape: ['a', 'b'] })),
    initializers: new Map(constants.flatMap((each, i) => (each ? [[`c${i}`, each] as const] : []))),
    nodes: [node],
  };
  return modelOf(graph);
}

/** The model with the shapes that import infers as those of its outputs. */
function importedModel(model: Model): Model {
  const graph = createGraph('new');
  const values = importGraph(graph, model.graph);
  for (const { name } of model.graph.outputs) graph.output(values.get(name)!, name);
  return modelOf(lower(graph.build(), 'cpu'));
}

async function outputsOf(model: Model, x: Tensor): Promise<Tensor[]> {
  const executable = await runtime.compile(encodeModel(model));
  try {
    const outputs = await executable.step({ x });
    return model.graph.outputs.map(({ name }) => outputs[name]);
  } finally {
    await executable.dispose();
  }
}

const describeRow = ({ op, opset, x, attributes, constants }: Row) =>
  `${op} of opset ${opset}, ${JSON.stringify({ x, ...attributes })}${constants ? ', with constants' : ''}`;

describe('importing an older operator set', () => {
  it.each(ROWS.map((row) => [describeRow(row), row] as const))('%s', async (name, row) => {
    const before = modelOfRow(row);
    // ONNX Runtime takes stated shapes at their word: these are not known before the import.
    const stated = {
      ...before,
      graph: { ...before.graph, outputs: importedModel(before).graph.outputs },
    };
    const dims = row.x.map((size) => (typeof size === 'string' ? 2 : size));
    const stream = random(1, `upgrade/${name}`);
    const count = dims.reduce((product, size) => product * size, 1);
    const positive = /Log|L1/.test(row.op);
    const x = tensor(
      'float32',
      dims,
      Array.from({ length: count }, () => (positive ? Math.abs(stream.normal()) + 0.1 : stream.normal())),
    );
    const expected = await outputsOf(stated, x);
    const after = importedModel(before);
    expect(after.opsets['']).toBe(21);
    const actual = await outputsOf(after, x);
    actual.forEach((output, i) => {
      expect(output.dims).toEqual(expected[i].dims);
      // What import infers holds for the sizes that were fed.
      const inferred = after.graph.outputs[i].shape.map((size) => (size === 'N' ? 2 : size));
      expect(inferred).toEqual(expected[i].dims);
      const numbers = numbersOf(expected[i]);
      numbersOf(output).forEach((value, at) => {
        expect(value).toBeCloseTo(numbers[at], 5);
      });
    });
  });

  const refuse = (row: Row) => () => importedModel(modelOfRow(row));
  it.each<[string, Row, RegExp]>([
    ['no operator set', { op: 'Relu', opset: 0, x: [2] }, /states no operator set.*opset 7 to \d+/],
    ['one that is too old', { op: 'Relu', opset: 6, x: [2] }, /opset 6.*opset 7 to/],
    ['one that is too new', { op: 'Relu', opset: 99, x: [2] }, /opset 99/],
    [
      'a batch normalization in training',
      {
        op: 'BatchNormalization',
        opset: 9,
        x: [2, 1, 3],
        constants: [floats(1), floats(1), floats(1), floats(1)],
        outputs: 3,
      },
      /BatchNormalization "node": it is in training mode \(opset 9\).*eval/,
    ],
    [
      'statistics of single positions',
      { op: 'BatchNormalization', opset: 7, x: [2, 1, 3], attributes: { spatial: 0 } },
      /BatchNormalization "node".*spatial = 0.*opset 7/,
    ],
    [
      'a softmax over several axes of unknown size',
      { op: 'Softmax', opset: 12, x: [2, 'H', 'W'] },
      /Softmax "node".*unknown size.*opset 12/,
    ],
    [
      'a resize that enlarges and shrinks',
      { op: 'Resize', opset: 10, x: [1, 1, 2, 2], constants: [floats(1, 1, 2, 0.5)] },
      /Resize "node".*enlarges.*opset 10/,
    ],
    [
      'positions that no operator set has any more',
      {
        op: 'Resize',
        opset: 11,
        x: [1, 1, 2, 2],
        constants: [floats(), floats(1, 1, 2, 2)],
        attributes: { coordinate_transformation_mode: 'tf_half_pixel_for_nn' },
      },
      /tf_half_pixel_for_nn.*opset 11/,
    ],
  ])('refuses %s by name', (_, row, message) => {
    expect(refuse(row)).toThrow(
      expect.objectContaining({ code: 'not-supported', message: expect.stringMatching(message) }),
    );
  });

  it('leaves the mask of an old Dropout out, which nothing says anything about', () => {
    const { graph } = modelOfRow({ op: 'Dropout', opset: 10, x: [2], outputs: 2 });
    expect([...importGraph(createGraph('new'), graph).keys()]).toEqual(['x', 'y0']);
  });

  it('keeps the operator set of what it does not rewrite', () => {
    const { graph } = modelOfRow({ op: 'Softmax', opset: 12, x: [2, 3, 4] });
    expect(modelOf({ ...graph, name: 'renamed' }).opsets).toEqual({ '': 12 });
  });
});
