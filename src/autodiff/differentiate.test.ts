import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { float32, type GraphBuilder, modelOf, numbersOf, printGraph, type Value } from '../onnx/index.ts';
import { add, createGraph, mul, reduceSum, scale } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { differentiate } from './differentiate.ts';

const nodeLines = (graph: GraphBuilder): string[] =>
  printGraph(graph.build())
    .split('\n')
    .filter((line) => line.includes(' = '))
    .map((line) => line.trim());

/** Runs a graph that holds only stock ops. */
async function run(
  graph: GraphBuilder,
  feeds: Record<string, readonly number[]>,
): Promise<Record<string, number[]>> {
  const executable = await nodeRuntime({ threads: 1 }).compile(modelOf(graph.build()));
  const { inputs } = graph;
  const outputs = await executable.step(
    Object.fromEntries(inputs.map(({ name, shape }) => [name, float32(shape.map(Number), feeds[name])])),
  );
  await executable.dispose();
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, numbersOf(tensor)]));
}

const sumOf = (g: GraphBuilder, x: Value): Value =>
  reduceSum(
    g,
    x,
    x.shape.map((_, axis) => axis),
    false,
  );

describe('the graph of a gradient', () => {
  it('is short, and its names say what is what', () => {
    const g = createGraph('line');
    const [x, w, b] = [
      g.input('x', 'float32', [4, 3]),
      g.input('w', 'float32', [3, 2]),
      g.input('b', 'float32', [2]),
    ];
    const y = g.in('dense', () => add(g, g.op('MatMul', [x, w]), b));
    const gradients = differentiate(
      g,
      g.in('loss', () => sumOf(g, mul(g, y, y))),
      [w, b],
    );
    g.output(gradients[0], 'gradient/w');
    g.output(gradients[1], 'gradient/b');
    expect(nodeLines(g)).toMatchInlineSnapshot(`
      [
        "dense/MatMul = MatMul(x, w)",
        "dense/Add = Add(dense/MatMul, b)",
        "loss/ReduceSum/grad/Reshape = Reshape(constant_2, constant_3)",
        "loss/ReduceSum/grad/Expand = Expand(loss/ReduceSum/grad/Reshape, constant_4)",
        "loss/Mul/grad/Mul = Mul(loss/ReduceSum/grad/Expand, dense/Add)",
        "loss/Mul/grad/Mul_2 = Mul(loss/ReduceSum/grad/Expand, dense/Add)",
        "loss/Mul/grad/Add = Add(loss/Mul/grad/Mul, loss/Mul/grad/Mul_2)",
        "gradient/b = ReduceSum(loss/Mul/grad/Add, constant_5) {keepdims: 0}",
        "gradient/w = Gemm(x, loss/Mul/grad/Add) {transA: 1, transB: 0}",
      ]
    `);
  });

  it('is the same every time', () => {
    const build = () => {
      const g = createGraph('same');
      const x = g.input('x', 'float32', [3]);
      g.output(differentiate(g, sumOf(g, g.op('Tanh', [mul(g, x, x)])), [x])[0], 'dx');
      return printGraph(g.build());
    };
    expect(build()).toBe(build());
  });

  it('computes nothing for values that nobody asks about', () => {
    const g = createGraph('needs');
    const [a, b] = [g.input('a', 'float32', [2]), g.input('b', 'float32', [2])];
    g.output(differentiate(g, sumOf(g, mul(g, a, b)), [a])[0], 'da');
    expect(nodeLines(g).filter((line) => line.includes('Mul('))).toHaveLength(1);
  });

  it('does not walk where the loss does not come from', async () => {
    const g = createGraph('side');
    const x = g.input('x', 'float32', [2]);
    const y = mul(g, x, x);
    // ReduceProd has no gradient, and needs none.
    g.output(g.op('ReduceProd', [y]), 'product');
    g.output(differentiate(g, sumOf(g, y), [x])[0], 'dx');
    expect((await run(g, { x: [3, -4] })).dx).toEqual([6, -8]);
  });
});

describe('gradients of', () => {
  it('the loss itself are 1', async () => {
    const g = createGraph('self');
    const x = g.input('x', 'float32', []);
    g.output(differentiate(g, x, [x])[0], 'dx');
    expect((await run(g, { x: [5] })).dx).toEqual([1]);
  });

  it('a loss of one element, whatever its rank', async () => {
    const g = createGraph('rank');
    const x = g.input('x', 'float32', [1, 1]);
    g.output(differentiate(g, mul(g, x, x), [x])[0], 'dx');
    expect((await run(g, { x: [5] })).dx).toEqual([10]);
  });

  it('values in the middle, as Grad-CAM asks for', async () => {
    const g = createGraph('middle');
    const hidden = scale(g, g.input('x', 'float32', [2]), 3);
    const [dHidden] = differentiate(g, sumOf(g, mul(g, hidden, hidden)), [hidden]);
    g.output(dHidden, 'dHidden');
    expect((await run(g, { x: [1, 2] })).dHidden).toEqual([6, 12]);
  });

  it('gradients', async () => {
    const g = createGraph('second');
    const x = g.input('x', 'float32', [2]);
    const [first] = differentiate(g, sumOf(g, mul(g, mul(g, x, x), x)), [x]);
    const [second] = differentiate(g, sumOf(g, first), [x]);
    g.output(first, 'first');
    g.output(second, 'second');
    expect(await run(g, { x: [2, -1] })).toEqual({ first: [12, 3], second: [12, -6] });
  });

  it('two losses in one graph', async () => {
    const g = createGraph('two');
    const x = g.input('x', 'float32', [2]);
    g.output(differentiate(g, sumOf(g, mul(g, x, x)), [x])[0], 'a');
    g.output(differentiate(g, sumOf(g, scale(g, x, 5)), [x])[0], 'b');
    expect(await run(g, { x: [2, -1] })).toEqual({ a: [4, -2], b: [5, 5] });
  });

  it('values that were repeated are summed back, each to its own shape', async () => {
    const g = createGraph('repeated');
    const [a, b, c] = [
      g.input('a', 'float32', [2, 1]),
      g.input('b', 'float32', [3]),
      g.input('c', 'float32', []),
    ];
    const gradients = differentiate(g, sumOf(g, mul(g, mul(g, a, b), c)), [a, b, c]);
    gradients.forEach((gradient, i) => {
      g.output(gradient, `${'abc'[i]}'`);
    });
    expect(gradients.map(({ shape }) => shape)).toEqual([[2, 1], [3], []]);
    expect(await run(g, { a: [1, 2], b: [3, 4, 5], c: [10] })).toEqual({
      "a'": [120, 120],
      "b'": [30, 30, 30],
      "c'": [36],
    });
  });
});

describe('what cannot be differentiated is refused:', () => {
  const refusal = (
    build: (g: GraphBuilder, x: Value) => [Value, Value[]],
    shape: (number | string)[] = [2],
  ) => {
    const g = createGraph('refused');
    const [loss, values] = build(g, g.input('x', 'float32', shape));
    try {
      differentiate(g, loss, values);
    } catch (error) {
      if (error instanceof HarrierError) return [error.code, error.message];
      throw error;
    }
    return undefined;
  };

  it('a loss of many numbers', () => {
    expect(refusal((_, x) => [x, [x]])).toEqual([
      'bad-shape',
      'x: only a single number can be differentiated: received (2,).',
    ]);
  });

  it('a value that the loss does not come from', () => {
    expect(refusal((g, x) => [sumOf(g, x), [x, g.input('other', 'float32', [2])]])).toEqual([
      'bad-graph',
      'refused: the loss does not depend on "other".',
    ]);
  });

  it('a value that only reaches the loss through steps', () => {
    const code = refusal((g, x) => [sumOf(g, g.op('Floor', [x])), [x]])?.[0];
    expect(code).toBe('bad-graph');
  });

  it('an op without a gradient, by its name', () => {
    expect(refusal((g, x) => [g.op('ReduceProd', [x], { keepdims: 0 }), [x]])).toEqual([
      'not-supported',
      'ReduceProd "ReduceProd": it has no gradient (where an element is 0 it cannot be told from the product).',
    ]);
  });

  it('a graph of symbolic dimensions', () => {
    const [code, message] = refusal((g, x) => [sumOf(g, mul(g, x, x)), [x]], ['N', 2])!;
    expect(code).toBe('bad-shape');
    expect(message).toContain('Build the graph with a number for the batch size.');
  });

  it.each<[string, (g: GraphBuilder, x: Value) => Value]>([
    ['a limit of Clip', (g, x) => g.op('Clip', [g.input('y', 'float32', [2]), sumOf(g, x)])],
    [
      'what Pad fills with',
      (g, x) =>
        g.op('Pad', [
          g.input('y', 'float32', [2]),
          g.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(1n, 1n) }),
          sumOf(g, x),
        ]),
    ],
    [
      'statistics of a batch',
      (g, x) => {
        const wide = g.op('Concat', [x, x], { axis: 0 });
        const image = g.op('Reshape', [
          wide,
          g.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(2n, 2n) }),
        ]);
        return g.ops('BatchNormalizationTraining', [image, x, x], {}, { domain: 'harrier', outputs: 3 })[1];
      },
    ],
  ])('%s', (_, build) => {
    expect(refusal((g, x) => [sumOf(g, build(g, x)), [x]])?.[0]).toBe('not-supported');
  });
});
