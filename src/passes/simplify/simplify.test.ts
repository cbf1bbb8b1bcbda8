import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { largest, largestDifference, normal } from '../../../test/gradients/check.ts';
import { differentiate } from '../../autodiff/index.ts';
import {
  type Attributes,
  decodeModel,
  elementCount,
  float,
  float32,
  type Graph,
  GraphBuilder,
  int64,
  modelOf,
  numbersOf,
  type Shape,
  type Tensor,
  tensor,
  type Value,
} from '../../onnx/index.ts';
import { createGraph, importGraph, reduceSum } from '../../ops/index.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { simplify } from '../index.ts';
import type { Pass } from '../pass.ts';
import { dropIdentities } from './drop-identities.ts';
import { foldBatchNormalization } from './fold-batch-normalization.ts';
import { mergePadding } from './merge-padding.ts';

const runtime = nodeRuntime({ threads: 1 });

async function run(graph: Graph, feeds: Readonly<Record<string, Tensor>>): Promise<Tensor> {
  const executable = await runtime.compile(modelOf(graph));
  const { y } = await executable.step(feeds);
  await executable.dispose();
  return y;
}

const random = (name: string, ...dims: number[]): Tensor =>
  float32(dims, Float32Array.from(normal(elementCount(dims), `simplify/${name}`)));

interface Case {
  readonly build: (graph: GraphBuilder, x: Value) => Value;
  /** Ops after the pass. */
  readonly left: readonly string[];
}

/** Images (N, 4, 6, 5). */
const SHAPE: Shape = ['N', 4, 6, 5];
const X = random('x', 2, 4, 6, 5);

/** Runs a graph of one input `x` before and after a pass, and returns the difference of their outputs. */
async function difference(pass: Pass, { build, left }: Case): Promise<number> {
  const graph = createGraph('case');
  graph.output(build(graph, graph.input('x', 'float32', SHAPE)), 'y');
  const built = graph.build();
  const simple = pass(built);
  expect(simple.nodes.map(({ opType }) => opType)).toEqual(left);
  expect(simple.outputs).toEqual(built.outputs);
  const [before, after] = [await run(built, { x: X }), await run(simple, { x: X })];
  expect(after.dims).toEqual(before.dims);
  const numbers = numbersOf(before);
  return largestDifference(numbersOf(after), numbers) / largest(numbers);
}

const ints = (graph: GraphBuilder, ...values: number[]) => graph.constant(int64(values));
const scalar = (graph: GraphBuilder, value: number) => graph.constant(tensor('float32', [], [value]));

const identities: Readonly<Record<string, Case>> = {
  'Identity, more than one': {
    build: (g, x) => g.op('Identity', [g.op('Relu', [g.op('Identity', [x])])]),
    left: ['Relu'],
  },
  'Dropout after training': {
    build: (g, x) => g.op('Relu', [g.op('Dropout', [x, scalar(g, 0.5)])]),
    left: ['Relu'],
  },
  'Dropout that is told not to drop': {
    build: (g, x) =>
      g.op('Relu', [g.op('Dropout', [x, scalar(g, 0.5), g.constant(tensor('bool', [], [0]))])]),
    left: ['Relu'],
  },
  'a Cast to the same type': {
    build: (g, x) => g.op('Relu', [g.op('Cast', [x], { to: 1 })]),
    left: ['Relu'],
  },
  'a Reshape to the same shape': {
    build: (g, x) => g.op('Relu', [g.op('Reshape', [x, ints(g, 0, 4, -1, 5)])]),
    left: ['Relu'],
  },
  'not a Reshape to another': {
    build: (g, x) => g.op('Relu', [g.op('Reshape', [x, ints(g, 0, 4, -1, 3)])]),
    left: ['Reshape', 'Relu'],
  },
  'Flatten of rows': {
    build: (g, x) => g.op('Relu', [g.op('Flatten', [g.op('Flatten', [x])])]),
    left: ['Flatten', 'Relu'],
  },
  'a Transpose in order': {
    build: (g, x) =>
      g.op('Transpose', [g.op('Transpose', [x], { perm: [0, 1, 2, 3] })], { perm: [0, 2, 3, 1] }),
    left: ['Transpose'],
  },
  'a Slice of all': {
    build: (g, x) => g.op('Relu', [g.op('Slice', [x, ints(g, 0), ints(g, 1000), ints(g, 2)])]),
    left: ['Relu'],
  },
  'not a Slice of all, backwards': {
    build: (g, x) => g.op('Relu', [g.op('Slice', [x, ints(g, -1), ints(g, -1000), ints(g, 2), ints(g, -1)])]),
    left: ['Slice', 'Relu'],
  },
  'a Pad by nothing': {
    build: (g, x) => g.op('Relu', [g.op('Pad', [x, ints(g, 0, 0, 0, 0, 0, 0, 0, 0)])]),
    left: ['Relu'],
  },
  'ops of several inputs with one': {
    build: (g, x) => g.op('Relu', [g.op('Max', [g.op('Sum', [g.op('Concat', [x], { axis: 1 })])])]),
    left: ['Relu'],
  },
  'a Clip without limits': { build: (g, x) => g.op('Relu', [g.op('Clip', [x])]), left: ['Relu'] },
  'times 1, plus 0': {
    build: (g, x) => {
      const ones = g.constant(float32([4, 1, 1], [1, 1, 1, 1]));
      return g.op('Sub', [g.op('Mul', [g.op('Relu', [x]), ones]), scalar(g, 0)]);
    },
    left: ['Relu'],
  },
  'not times 1 where that repeats': {
    build: (g, x) => g.op('Mul', [x, g.constant(float32([1, 1, 1, 1, 1], [1]))]),
    left: ['Mul'],
  },
};

describe('nodes that do nothing are dropped:', () => {
  it.each(Object.entries(identities))('%s', async (_, given) => {
    expect(await difference(dropIdentities, given)).toBe(0);
  });

  it('not Dropout whose mask is read', () => {
    const graph = createGraph('mask');
    const [, mask] = graph.ops('Dropout', [graph.input('x', 'float32', [3])], {}, { outputs: 2 });
    graph.output(mask, 'y');
    expect(simplify(graph.build()).nodes.map(({ opType }) => opType)).toContain('Dropout');
  });
});

const normalize = (graph: GraphBuilder, y: Value, attributes: Attributes = { epsilon: float(1e-3) }) => {
  const channels = Number(y.shape[1]);
  const statistics = ['gamma', 'beta', 'mean'].map((name) => graph.initializer(name, random(name, channels)));
  const variance = float32(
    [channels],
    numbersOf(random('variance', channels)).map((v) => v * v + 0.1),
  );
  return graph.op(
    'BatchNormalization',
    [y, ...statistics, graph.initializer('variance', variance)],
    attributes,
  );
};
const weight = (graph: GraphBuilder, ...dims: number[]) =>
  graph.initializer('weight', random('weight', ...dims));
const bias = (graph: GraphBuilder, size: number) => graph.initializer('bias', random('bias', size));

const normalizations: Readonly<Record<string, Case>> = {
  'after a convolution': {
    build: (g, x) => normalize(g, g.op('Conv', [x, weight(g, 6, 4, 3, 3)], { pads: [1, 1, 1, 1] })),
    left: ['Conv'],
  },
  'after one with a bias, and with the default epsilon': {
    build: (g, x) => normalize(g, g.op('Conv', [x, weight(g, 6, 4, 1, 1), bias(g, 6)]), {}),
    left: ['Conv'],
  },
  'after a convolution of groups': {
    build: (g, x) => normalize(g, g.op('Conv', [x, weight(g, 8, 2, 3, 3)], { group: 2, strides: [2, 1] })),
    left: ['Conv'],
  },
  'after one of each channel by itself': {
    build: (g, x) => normalize(g, g.op('Conv', [x, weight(g, 4, 1, 3, 3), bias(g, 4)], { group: 4 })),
    left: ['Conv'],
  },
  'after a transposed convolution': {
    build: (g, x) => normalize(g, g.op('ConvTranspose', [x, weight(g, 4, 3, 2, 2)], { strides: [2, 2] })),
    left: ['ConvTranspose'],
  },
  'not after a transposed convolution of groups': {
    build: (g, x) => normalize(g, g.op('ConvTranspose', [x, weight(g, 4, 3, 2, 2)], { group: 2 })),
    left: ['ConvTranspose', 'BatchNormalization'],
  },
  'twice in a row': {
    build: (g, x) => g.op('Relu', [normalize(g, normalize(g, g.op('Conv', [x, weight(g, 6, 4, 3, 3)])))]),
    left: ['Conv', 'Relu'],
  },
  'not where the convolution is read otherwise': {
    build: (g, x) => {
      const y = g.op('Conv', [x, weight(g, 6, 4, 1, 1)]);
      return g.op('Add', [normalize(g, y), y]);
    },
    left: ['Conv', 'BatchNormalization', 'Add'],
  },
  'not after something else': {
    build: (g, x) => normalize(g, g.op('Relu', [x])),
    left: ['Relu', 'BatchNormalization'],
  },
};

describe('batch normalization is folded into the convolution before it:', () => {
  it.each(Object.entries(normalizations))('%s', async (_, given) => {
    expect(await difference(foldBatchNormalization, given)).toBeLessThan(1e-5);
  });

  it('not where its weights are inputs', () => {
    const graph = createGraph('inputs');
    const x = graph.input('x', 'float32', SHAPE);
    const kernel = graph.input('kernel', 'float32', [6, 4, 1, 1]);
    graph.output(normalize(graph, graph.op('Conv', [x, kernel])), 'y');
    expect(foldBatchNormalization(graph.build()).nodes).toHaveLength(2);
  });

  it('not where the convolution is an output too', () => {
    const graph = createGraph('output');
    const y = graph.op('Conv', [graph.input('x', 'float32', SHAPE), weight(graph, 6, 4, 1, 1)]);
    graph.output(y, 'features');
    graph.output(normalize(graph, y), 'y');
    expect(foldBatchNormalization(graph.build()).nodes).toHaveLength(2);
  });
});

const pad = (
  graph: GraphBuilder,
  x: Value,
  [top, left, bottom, right]: readonly number[],
  ...more: Value[]
) => graph.op('Pad', [x, ints(graph, 0, 0, top, left, 0, 0, bottom, right), ...more]);

const paddings: Readonly<Record<string, Case>> = {
  'more after than before': {
    build: (g, x) => g.op('Conv', [pad(g, x, [0, 0, 1, 1]), weight(g, 6, 4, 3, 3)], { strides: [2, 2] }),
    left: ['Conv'],
  },
  'before padding of its own': {
    build: (g, x) =>
      g.op('Conv', [pad(g, x, [1, 2, 0, 1], scalar(g, 0)), weight(g, 6, 4, 3, 3), bias(g, 6)], {
        pads: [1, 0, 1, 2],
      }),
    left: ['Conv'],
  },
  'before padding that is automatic': {
    build: (g, x) =>
      g.op('Conv', [pad(g, x, [1, 1, 0, 0]), weight(g, 6, 4, 3, 3)], {
        auto_pad: 'SAME_LOWER',
        strides: [2, 2],
      }),
    left: ['Conv'],
  },
  'along axes that are named': {
    build: (g, x) => {
      const padded = g.op('Pad', [x, ints(g, 2, 1), undefined, ints(g, -1)]);
      return g.op('Conv', [padded, weight(g, 6, 4, 1, 3)]);
    },
    left: ['Conv'],
  },
  'for each that reads it': {
    build: (g, x) => {
      const padded = pad(g, x, [1, 1, 1, 1]);
      const two = [1, 2].map(() => g.op('Conv', [padded, weight(g, 6, 4, 3, 3)]));
      return g.op('Add', two);
    },
    left: ['Conv', 'Conv', 'Add'],
  },
  'not another number than 0': {
    build: (g, x) => g.op('Conv', [pad(g, x, [1, 1, 1, 1], scalar(g, 2)), weight(g, 6, 4, 3, 3)]),
    left: ['Pad', 'Conv'],
  },
  'not copies of the edge': {
    build: (g, x) => {
      const padded = g.op('Pad', [x, ints(g, 0, 0, 1, 1, 0, 0, 1, 1)], { mode: 'edge' });
      return g.op('Conv', [padded, weight(g, 6, 4, 3, 3)]);
    },
    left: ['Pad', 'Conv'],
  },
  'not what crops': {
    build: (g, x) => g.op('Conv', [pad(g, x, [-1, 0, 0, 0]), weight(g, 6, 4, 3, 3)]),
    left: ['Pad', 'Conv'],
  },
  'not channels': {
    build: (g, x) => {
      const padded = g.op('Pad', [x, ints(g, 0, 1, 0, 0, 0, 0, 0, 0)]);
      return g.op('Conv', [padded, weight(g, 6, 5, 3, 3)]);
    },
    left: ['Pad', 'Conv'],
  },
};

describe('padding is merged into the convolution that reads it:', () => {
  it.each(Object.entries(paddings))('%s', async (_, given) => {
    expect(await difference(mergePadding, given)).toBeLessThan(1e-6);
  });
});

describe('simplify', () => {
  it('reads graphs of older operator sets', async () => {
    // Opset 9: axes and limits are attributes.
    const graph = new GraphBuilder('old', () => [{ type: 'float32', shape: [] }]);
    const x = graph.input('x', 'float32', ['N', 4, 6, 5]);
    const wide = graph.op('Unsqueeze', [graph.op('Clip', [x], { min: float(0), max: float(1) })], {
      axes: [4],
    });
    graph.output(graph.op('Squeeze', [wide], { axes: [4] }), 'y');
    const old: Graph = {
      ...graph.build(),
      opset: 9,
      outputs: [{ name: 'y', type: 'float32', shape: SHAPE }],
    };
    const simple = simplify(old);
    expect(simple.opset).toBeUndefined();
    expect(numbersOf(await run(simple, { x: X }))).toEqual(numbersOf(await run(old, { x: X })));
  });

  it('fixes sizes of inputs, and names what does not fit', () => {
    const graph = createGraph('sizes');
    graph.output(graph.op('Relu', [graph.input('x', 'float32', SHAPE)]), 'y');
    const built = graph.build();
    expect(simplify(built, { x: [2, 4, 6, 5] }).outputs[0].shape).toEqual([2, 4, 6, 5]);
    expect(() => simplify(built, { image: [2, 4, 6, 5] })).toThrow(
      'sizes: the graph has no such input: expected "x", received "image".',
    );
    for (const wrong of [
      [2, 4, 6],
      [2, 3, 6, 5],
      ['N', 'C', 6, 5],
    ]) {
      expect(() => simplify(built, { x: wrong })).toThrow(
        'sizes: the input "x" has another shape: expected (N, 4, 6, 5)',
      );
    }
  });
});

const LITE0 = new URL('../../../../shared/models/efficientnet-lite0.onnx', import.meta.url);

// PyTorch's legacy export: the padding of each depthwise convolution is computed by nine nodes.
describe.skipIf(!existsSync(LITE0))('EfficientNet-Lite0 as PyTorch exports it (../shared/models)', () => {
  const read = () => decodeModel(readFileSync(LITE0)).graph;
  const x = random('lite0', 2, 3, 224, 224);

  it.each([{}, { input: [2, 3, 224, 224] }])('has clean nodes and the same logits: %o', async (shapes) => {
    const graph = read();
    const simple = simplify(graph, shapes as Record<string, Shape>);
    const types = new Set(simple.nodes.map(({ opType }) => opType));
    expect([...types].sort()).toEqual(['Add', 'Clip', 'Conv', 'Gemm', 'GlobalAveragePool', 'Reshape']);
    const logits = async (given: Graph) => {
      const executable = await runtime.compile(modelOf(given));
      const outputs = await executable.step({ input: x });
      await executable.dispose();
      return numbersOf(outputs.logits);
    };
    expect(largestDifference(await logits(simple), await logits(graph))).toBeLessThan(1e-4);
  });

  it('can be differentiated for every weight', () => {
    const simple = simplify(read(), { input: [1, 3, 224, 224] });
    const builder = createGraph('gradients');
    const weights = Object.fromEntries(
      [...simple.initializers].flatMap(([name, { type, dims }]) =>
        type === 'float32' && dims.length > 0 ? [[name, builder.input(name, type, dims)]] : [],
      ),
    );
    const logits = importGraph(builder, simple, {}, weights).get('logits')!;
    const gradients = differentiate(
      builder,
      reduceSum(builder, logits, [0, 1], false),
      Object.values(weights),
    );
    expect(gradients.map(({ shape }) => shape)).toEqual(Object.values(weights).map(({ shape }) => shape));
    expect(gradients).toHaveLength(100);
  });
});
