import { describe, expect, it } from 'vitest';
import { cases, describeCase, inputsOf, type OracleCase, opOf } from '../../../test/oracle/cases.ts';
import {
  type Graph,
  GraphBuilder,
  int64,
  modelOf,
  numbersOf,
  type Tensor,
  tensor,
  type Value,
} from '../../onnx/index.ts';
import { createGraph, importGraph, OPS } from '../../ops/index.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { computeConstants } from './compute-constants.ts';
import { foldConstants } from './fold-constants.ts';
import { moveConstants } from './move-constants.ts';

const runtime = nodeRuntime({ threads: 1 });

async function run(graph: Graph, feeds: Readonly<Record<string, Tensor>> = {}): Promise<Tensor> {
  const executable = await runtime.compile(modelOf(graph));
  const { y } = await executable.step(feeds);
  await executable.dispose();
  return y;
}

/** A graph that holds nothing but its output `y`. */
function constantOf(graph: Graph): Tensor | undefined {
  const y = importGraph(createGraph('constant'), graph).get('y');
  const maker = graph.nodes.find(({ outputs }) => outputs[0] === 'y');
  return maker?.opType === 'Identity' ? graph.initializers.get(maker.inputs[0]) : y?.constant;
}

/** A row of the oracle's table with every input a constant. */
function constantGraph(row: OracleCase): Graph {
  const graph = createGraph('constants');
  const contents = inputsOf(row);
  const inputs = row.inputs.map(
    (input, i) =>
      input && graph.initializer(`x${i}`, tensor(input.type ?? 'float32', input.dims, contents[i]!.data)),
  );
  graph.output(graph.op(row.op, inputs, row.attributes), 'y');
  return graph.build();
}

const folded = { ...moveConstants, ...computeConstants };
/** Rows of ops that fold, but for those whose inputs are left to ONNX Runtime, or that have none to fold. */
const rows = cases.filter(
  (row) =>
    Object.hasOwn(folded, opOf(row)) &&
    OPS.has(opOf(row)) &&
    (row.outputs ?? 1) === 1 &&
    !row.notInRuntime &&
    row.inputs.length > 0,
);

describe('a node that reads constants alone becomes what ONNX Runtime computes:', () => {
  for (const row of rows) {
    it(describeCase(row), async () => {
      const graph = constantGraph(row);
      const constant = constantOf(foldConstants(graph));
      const { type, dims, data } = await run(graph);
      if (!constant) {
        // Left to ONNX Runtime: what float32 rounds otherwise, other modes of Pad.
        expect(LEFT).toContain(row.op);
        return;
      }
      expect(constant.type).toBe(type);
      expect(constant.dims).toEqual(dims);
      expect(Array.from(constant.data as Float32Array)).toEqual(Array.from(data as Float32Array));
    });
  }

  it('every op that folds', () => {
    const covered = new Set(rows.map(opOf));
    expect(Object.keys(folded).filter((op) => !covered.has(op))).toEqual([]);
  });
});

it('one scale for all may be a list of one', async () => {
  const graph = createGraph('scales');
  const weight = graph.initializer('w', tensor('int8', [2, 3], [-3, -2, -1, 1, 2, 3]));
  const scale = graph.initializer('scale', tensor('float32', [1], [0.5]));
  const zero = graph.initializer('zero', tensor('int8', [1], [1]));
  graph.output(graph.op('DequantizeLinear', [weight, scale, zero]), 'y');
  const constant = constantOf(foldConstants(graph.build()))!;
  expect(Array.from(constant.data as Float32Array)).toEqual([-2, -1.5, -1, 0, 0.5, 1]);
});

const LEFT = ['Pad', 'Range'];

const ints = (graph: GraphBuilder, ...values: number[]) => graph.constant(int64(values));

/** What PyTorch's exporter writes for `F.pad(x, (left, right, top, bottom))`, the last axis first. */
function exportedPads(graph: GraphBuilder, pads: readonly number[]): Value {
  const given = ints(graph, ...pads);
  const count = graph.op('Gather', [graph.op('Shape', [given]), graph.constant(tensor('int64', [], [0]))]);
  const rank = graph.constant(tensor('int64', [], [4]));
  const two = graph.constant(tensor('int64', [], [2]));
  const missing = graph.op('Sub', [graph.op('Mul', [rank, two]), count]);
  const zeros = graph.op('ConstantOfShape', [graph.op('Unsqueeze', [missing, ints(graph, 0)])], {
    value: { tensor: int64([0]) },
  });
  const pairs = graph.op('Reshape', [graph.op('Concat', [given, zeros], { axis: 0 }), ints(graph, -1, 2)]);
  const backwards = [ints(graph, -1), ints(graph, -(2 ** 53)), ints(graph, 0), ints(graph, -1)];
  const turned = graph.op('Transpose', [graph.op('Slice', [pairs, ...backwards])], { perm: [1, 0] });
  return graph.op('Cast', [graph.op('Reshape', [turned, ints(graph, -1)])], { to: 7 });
}

const size = (graph: GraphBuilder, x: Value, axis: number) =>
  graph.op('Gather', [graph.op('Shape', [x]), graph.constant(tensor('int64', [], [axis]))], { axis: 0 });

interface Chain {
  readonly build: (graph: GraphBuilder, x: Value) => Value;
  /** Ops that are left. */
  readonly left: readonly string[];
  readonly shape: readonly (number | string)[];
}

/** Of an image (N, 3, 4, 6). */
const chains: Readonly<Record<string, Chain>> = {
  'the padding of an exporter': {
    build: (graph, x) => graph.op('Pad', [x, exportedPads(graph, [1, 2, 0, 1])]),
    left: ['Pad'],
    shape: ['N', 3, 5, 9],
  },
  'rows of the batch': {
    build: (graph, x) => {
      const batch = graph.op('Unsqueeze', [size(graph, x, 0), ints(graph, 0)]);
      return graph.op('Reshape', [x, graph.op('Concat', [batch, ints(graph, -1)], { axis: 0 })]);
    },
    left: ['Reshape'],
    shape: ['N', 72],
  },
  'half the height': {
    build: (graph, x) => {
      const height = graph.op('Div', [size(graph, x, 2), graph.constant(tensor('int64', [], [2]))]);
      const half = graph.op('Unsqueeze', [height, ints(graph, 0)]);
      return graph.op('Slice', [x, ints(graph, 0), half, ints(graph, 2)]);
    },
    left: ['Slice'],
    shape: ['N', 3, 2, 6],
  },
  'positions as weights': {
    build: (graph, x) => {
      const scalar = (value: number) => graph.constant(tensor('int64', [], [value]));
      const positions = graph.op('Range', [scalar(0), size(graph, x, 3), scalar(1)]);
      const even = graph.op('Equal', [graph.op('Mod', [positions, scalar(2)]), scalar(0)]);
      const weights = graph.op('Where', [
        even,
        ...[1, 2].map((w) => graph.constant(tensor('float32', [], [w]))),
      ]);
      return graph.op('Mul', [x, weights]);
    },
    left: ['Mul'],
    shape: ['N', 3, 4, 6],
  },
  'an expansion to its own shape': {
    build: (graph, x) => graph.op('Relu', [graph.op('Expand', [x, graph.op('Shape', [x])])]),
    left: ['Relu'],
    shape: ['N', 3, 4, 6],
  },
};

/** A graph as a file has it: nodes without types, whose shapes may be computed. */
function chain({ build, shape }: Chain): Graph {
  const graph = new GraphBuilder('chain', (_, count) =>
    Array.from({ length: count }, () => ({ type: 'float32' as const, shape: [] })),
  );
  graph.output(build(graph, graph.input('x', 'float32', ['N', 3, 4, 6])), 'y');
  return { ...graph.build(), outputs: [{ name: 'y', type: 'float32', shape }] };
}

describe('shapes that exporters compute are settled once the size is known:', () => {
  it.each(Object.entries(chains))('%s', async (_, given) => {
    const graph = chain(given);
    const simple = foldConstants(graph);
    expect(simple.nodes.map(({ opType }) => opType)).toEqual(given.left);
    expect(simple.outputs[0].shape).toEqual(given.shape);
    const x = tensor(
      'float32',
      [2, 3, 4, 6],
      Array.from({ length: 144 }, (_, i) => i - 70),
    );
    const [before, after] = [await run(graph, { x }), await run(simple, { x })];
    expect(after.dims).toEqual(before.dims);
    expect(numbersOf(after)).toEqual(numbersOf(before));
  });
});

it('numbers in float16 become those of the type that they are cast to, as ONNX Runtime casts them', async () => {
  // Zeros, the smallest and the largest number, thirds, infinity.
  const bits = [0x0000, 0x8000, 0x0001, 0x03ff, 0x3555, 0xb555, 0x7bff, 0xc500, 0x7c00];
  for (const to of [1, 9]) {
    const graph = createGraph('halves');
    graph.output(graph.op('Cast', [graph.constant(tensor('float16', [3, 3], bits))], { to }), 'y');
    const constant = constantOf(foldConstants(graph.build()))!;
    const expected = await run(graph.build());
    expect([constant.type, constant.dims]).toEqual([expected.type, expected.dims]);
    expect(numbersOf(constant)).toEqual(numbersOf(expected));
  }
});

describe('constants stay small:', () => {
  const zeros = (graph: GraphBuilder, ...dims: number[]) =>
    graph.op('ConstantOfShape', [ints(graph, ...dims)]);
  const constantBytes = (graph: Graph) =>
    [...graph.initializers.values()].reduce((total, { data }) => total + data.byteLength, 0);

  it('a billion zeros are left to the runtime', () => {
    const graph = createGraph('huge');
    const x = graph.input('x', 'float32', [1]);
    graph.output(graph.op('Add', [x, zeros(graph, 1000, 1000, 1000)]), 'y');
    const simple = foldConstants(graph.build());
    expect(simple.nodes.map(({ opType }) => opType)).toEqual(['ConstantOfShape', 'Add']);
    expect(constantBytes(simple)).toBeLessThan(100);
  });

  it('thousands of smaller ones take no more than 64 MB together', () => {
    const graph = createGraph('many');
    let sum = graph.input('x', 'float32', [1000, 1000]);
    for (let i = 0; i < 200; i++) sum = graph.op('Add', [sum, zeros(graph, 1000, 1000)]);
    graph.output(sum, 'y');
    expect(constantBytes(foldConstants(graph.build()))).toBeLessThan(2 ** 26);
  });

  it('a weight of any size is moved, for it does not grow', () => {
    const graph = createGraph('weight');
    const weight = graph.initializer('weight', tensor('float32', [2000, 1000], new Float32Array(2e6)));
    const turned = graph.op('Transpose', [weight], { perm: [1, 0] }, { name: 'turned' });
    graph.output(graph.op('MatMul', [graph.input('x', 'float32', ['N', 1000]), turned]), 'y');
    const simple = foldConstants(graph.build());
    expect(simple.nodes.map(({ opType }) => opType)).toEqual(['MatMul']);
    expect(simple.initializers.get('turned')?.dims).toEqual([1000, 2000]);
  });
});

it('an index outside its axis is refused', () => {
  const graph = createGraph('index');
  const picked = () => graph.op('Gather', [ints(graph, 1, 2), ints(graph, 2)]);
  expect(picked).toThrow(/Gather "Gather": an index is outside of axis 0/);
});
