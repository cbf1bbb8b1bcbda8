/** Graphs that no exporter would write are refused in a sentence that names the node. */
import { describe, expect, it } from 'vitest';
import { HarrierError } from '../../src/errors.ts';
import { Classifier, summarizeGraph } from '../../src/models/index.ts';
import {
  type Attributes,
  encodeModel,
  float32,
  type Graph,
  int64,
  modelOf,
  type Shape,
  type Tensor,
  tensor,
} from '../../src/onnx/index.ts';
import { createGraph, importGraph } from '../../src/ops/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';

interface Draft {
  readonly op: string;
  readonly attributes?: Attributes;
  readonly x?: Shape;
  readonly constants?: readonly Tensor[];
}

function graphOf({ op, attributes = {}, x = ['N', 2, 5, 5], constants = [] }: Draft): Graph {
  return {
    name: 'damaged',
    inputs: [{ name: 'x', type: 'float32', shape: x }],
    outputs: [{ name: 'y', type: 'float32', shape: [] }],
    initializers: new Map(constants.map((each, i) => [`c${i}`, each])),
    nodes: [
      {
        name: 'node',
        opType: op,
        domain: '',
        inputs: ['x', ...constants.map((_, i) => `c${i}`)],
        outputs: ['y'],
        attributes,
      },
    ],
  };
}

const kernel = float32([2, 2, 3, 3], new Float32Array(36));
const shapeOf = (draft: Draft) => importGraph(createGraph('new'), graphOf(draft)).get('y')!.shape;

describe('attributes that are not what their op needs', () => {
  it.each<[string, Draft, RegExp]>([
    [
      'another type',
      { op: 'Conv', attributes: { auto_pad: 3 }, constants: [kernel] },
      /Conv "y": the attribute "auto_pad".*"SAME_UPPER".*received 3/,
    ],
    [
      'a text for numbers',
      { op: 'Conv', attributes: { pads: 'abc' }, constants: [kernel] },
      /"pads".*whole numbers, received "abc"/,
    ],
    [
      'too few numbers',
      { op: 'Conv', attributes: { pads: [1] }, constants: [kernel] },
      /"pads".*4 numbers.*received \[1\]/,
    ],
    [
      'steps of zero',
      { op: 'MaxPool', attributes: { kernel_shape: [2, 2], strides: [0, 1] } },
      /"strides".*at least 1/,
    ],
    ['a window of nothing', { op: 'MaxPool', attributes: { kernel_shape: [0, 2] } }, /window.*at least 1/],
    ['none where one is needed', { op: 'Concat' }, /"axis".*received none/],
    [
      'one that the op does not have',
      { op: 'Relu', attributes: { alpha: 1 } },
      /no attribute "alpha": expected no attributes/,
    ],
    [
      'a name that every object has',
      { op: 'Relu', attributes: { constructor: 1 } as Attributes },
      /no attribute "constructor"/,
    ],
    [
      'a word that there is not',
      { op: 'Pad', attributes: { mode: 'mirror' }, constants: [int64([0, 0, 0, 0, 0, 0, 0, 0])] },
      /"mode".*"reflect".*received "mirror"/,
    ],
    [
      'bytes that are no text',
      { op: 'Pad', attributes: { mode: { bytes: Uint8Array.of(255) } }, constants: [int64([0])] },
      /"mode".*received another type \(bytes\)/,
    ],
    [
      'an output shape for other axes',
      { op: 'ConvTranspose', attributes: { output_shape: [9] }, constants: [kernel] },
      /"output_shape".*2 sizes/,
    ],
  ])('%s', (_, draft, message) => {
    expect(() => shapeOf(draft)).toThrow(HarrierError);
    expect(() => shapeOf(draft)).toThrow(message);
  });
});

describe('sizes that are not fixed', () => {
  const x = ['N', 2, 'H', 'W'];
  const pool = (attributes: Attributes) => shapeOf({ op: 'MaxPool', x, attributes });
  it('are told apart, and equal ones have equal names', () => {
    expect(pool({ kernel_shape: [2, 2], strides: [2, 2] })).toEqual(['N', 2, 'floor((H)/2)', 'floor((W)/2)']);
    expect(pool({ kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] })).toEqual(['N', 2, 'H', 'W']);
    expect(pool({ kernel_shape: [3, 2] })).toEqual(['N', 2, 'H-2', 'W-1']);
    // A kernel of 3 with padding and one of 1 without, both in steps of 2.
    const wide = pool({ kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    expect(wide).toEqual(pool({ kernel_shape: [1, 1], strides: [2, 2] }));
    expect(wide).toEqual(pool({ kernel_shape: [5, 5], strides: [2, 2], auto_pad: 'SAME_UPPER' }));
    const once = shapeOf({ op: 'MaxPool', x: wide, attributes: { kernel_shape: [2, 2], strides: [2, 2] } });
    expect(once).toEqual(['N', 2, 'floor((H+1)/4)', 'floor((W+1)/4)']);
  });

  it('do not join where they differ', () => {
    const graph = createGraph('pools');
    const image = graph.input('x', 'float32', ['N', 2, 'H', 'H']);
    const small = graph.op('MaxPool', [image], { kernel_shape: [2, 2], strides: [2, 2] });
    const large = graph.op('MaxPool', [image], { kernel_shape: [3, 3], strides: [2, 2] });
    expect(small.shape[2]).not.toBe(large.shape[2]);
    expect(() => graph.op('Concat', [small, large], { axis: 1 })).toThrow(/sizes differ along axis 2/);
  });
});

describe('a classifier of another program', () => {
  const runtime = nodeRuntime({ threads: 1 });
  /** By Harrier's contract, with a constant made from `size` and a reshape to rows of `row` in its way. */
  function classifier({ classes = 3, size = 1, row = 3 }): Uint8Array {
    const graph = createGraph('g');
    const image = graph.input('image', 'uint8', ['N', 1, 1, 3]);
    const pixels = graph.op('Reshape', [graph.op('Cast', [image], { to: 1 }), graph.constant(int64([0, 3]))]);
    const made = graph.op('ConstantOfShape', [graph.initializer('size', int64([size]))]);
    const sum = graph.op('Add', [pixels, graph.op('ReduceMean', [made])]);
    graph.output(graph.op('Softmax', [sum], { axis: -1 }), 'probabilities');
    const model = modelOf(graph.build());
    const [output] = model.graph.outputs;
    const nodes = model.graph.nodes.map((node) => ({ ...node, name: node.outputs[0] }));
    const initializers = new Map(
      Array.from(model.graph.initializers, ([name, tensor]) => [
        name,
        name.startsWith('constant') && tensor.dims[0] === 2 ? int64([0, row]) : tensor,
      ]),
    );
    return encodeModel({
      ...model,
      graph: { ...model.graph, nodes, initializers, outputs: [{ ...output, shape: ['N', classes] }] },
    });
  }
  const load = (options: Parameters<typeof classifier>[0]) =>
    Classifier.load(runtime, classifier(options), 'cat.onnx');

  it('is read', async () => {
    const model = await load({});
    expect(model.classNames).toHaveLength(3);
    await model.dispose();
  });

  it.each([
    [{ classes: 1e9 }, /cat\.onnx: .*too many classes: expected at most 1000000, received 1000000000/],
    [{ size: 4e9 }, /cat\.onnx: ConstantOfShape.*constant that is too large.*1 GiB.*4000000000/],
  ])('is refused before it takes the memory: %j', async (options, message) => {
    await expect(load(options)).rejects.toThrow(message);
  });

  it('is refused by its name where ONNX Runtime cannot read it', async () => {
    const bytes = classifier({});
    const damaged = Uint8Array.from(
      Buffer.from(Buffer.from(bytes).toString('latin1').replace('ReduceMean', 'RxduceMean'), 'latin1'),
    );
    await expect(Classifier.load(runtime, damaged, 'cat.onnx')).rejects.toThrow(
      /^cat\.onnx: ONNX Runtime rejects this model/,
    );
  });

  it('is refused by its name where ONNX Runtime cannot run it', async () => {
    const model = await load({ row: 2 });
    await expect(model.predict(new Uint8Array(3))).rejects.toThrow(
      expect.objectContaining({
        code: 'bad-graph',
        message: expect.stringMatching(/^cat\.onnx: ONNX Runtime cannot run this model: received .*Reshape/),
      }),
    );
    await model.dispose();
  });

  it('is refused where it gives another number of classes than it states', async () => {
    const model = await load({ classes: 7 }).catch((error: unknown) => error);
    if (!(model instanceof Classifier)) throw model;
    await expect(model.predict(new Uint8Array(3))).rejects.toThrow(
      /cat\.onnx.*expected 7, received 3|cannot run/,
    );
    await model.dispose();
  });
});

it('names a node that has no output', () => {
  const graph = graphOf({ op: 'Relu' });
  const broken: Graph = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, outputs: [] })) };
  expect(() => importGraph(createGraph('new'), broken)).toThrow(/Relu "node": it has no output/);
});

describe('shapes that a graph computes', () => {
  /** A batch of unknown size, flattened as exporters do it: by its own Shape, a Gather, and a Concat. */
  it('are followed, with what is not fixed', () => {
    const graph = createGraph('shapes');
    const x = graph.input('x', 'float32', ['N', 8, 4, 4]);
    const shape = graph.op('Shape', [x]);
    const batch = graph.op('Gather', [shape, graph.constant(tensor('int64', [], [0]))], { axis: 0 });
    const rows = graph.op('Unsqueeze', [batch, graph.constant(int64([0]))]);
    const target = graph.op('Concat', [rows, graph.constant(int64([-1]))], { axis: 0 });
    expect(graph.op('Reshape', [x, target]).shape).toEqual(['N', 128]);
    const token = graph.initializer('token', float32([1, 1, 8], new Float32Array(8)));
    const wanted = graph.op('Concat', [rows, graph.constant(int64([-1, -1]))], { axis: 0 });
    // PyTorch's expand: −1 leaves an axis as it is.
    const ones = graph.op('ConstantOfShape', [graph.constant(int64([3]))], {
      value: { tensor: int64([1]) },
    });
    const minus = graph.op('Mul', [ones, graph.constant(tensor('int64', [], [-1]))]);
    const kept = graph.op('Where', [graph.op('Equal', [wanted, minus]), ones, wanted]);
    expect(graph.op('Expand', [token, kept]).shape).toEqual(['N', 1, 8]);
    const half = graph.op('Slice', [
      shape,
      graph.constant(int64([2])),
      graph.constant(int64([2 ** 63])),
      graph.constant(int64([0])),
    ]);
    const sizes = graph.op('Div', [half, graph.constant(int64([2]))]);
    expect(graph.op('ConstantOfShape', [sizes]).shape).toEqual([2, 2]);
  });

  it('are refused where they depend on values', () => {
    const graph = createGraph('shapes');
    const x = graph.input('x', 'float32', ['N', 8]);
    const sizes = graph.input('sizes', 'int64', [2]);
    expect(() => graph.op('Reshape', [x, sizes])).toThrow(/input 1 \(sizes\) must be a constant/);
  });
});

it('shows no terminal codes of a model in its summary', () => {
  const graph = graphOf({ op: 'Relu' });
  const evil = '\u001b[2J\u0007';
  const [node] = graph.nodes;
  const model = modelOf({
    ...graph,
    name: evil,
    nodes: [{ ...node, name: evil }],
    inputs: [{ ...graph.inputs[0], shape: [evil] }],
  });
  expect(summarizeGraph(model, 'x.onnx').replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

it('takes weights with the names of what every object has', () => {
  const graph = graphOf({ op: 'Add', x: [1], constants: [float32([1], [2])] });
  for (const name of ['constructor', '__proto__', 'toString']) {
    const renamed: Graph = {
      ...graph,
      initializers: new Map([[name, float32([1], [2])]]),
      nodes: graph.nodes.map((node) => ({ ...node, inputs: ['x', name] })),
    };
    expect(importGraph(createGraph('new'), renamed).get('y')!.shape).toEqual([1]);
  }
});
