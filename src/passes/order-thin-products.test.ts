import { expect, it } from 'vitest';
import { normal } from '../../test/gradients/check.ts';
import { type Attributes, elementCount, float, float32, modelOf, numbersOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { orderThinProducts } from './order-thin-products.ts';

const [ROWS, INNER, COLUMNS] = [3, 320, 256];

interface Case {
  readonly what: string;
  readonly a?: readonly number[];
  readonly b: readonly number[];
  readonly addend?: readonly number[];
  readonly attributes: Attributes;
  readonly isSwapped: boolean;
}

it.each<Case>([
  { what: 'with the second factor as it is', b: [INNER, COLUMNS], attributes: {}, isSwapped: true },
  {
    what: 'with the second factor transposed',
    b: [COLUMNS, INNER],
    attributes: { transB: 1 },
    isSwapped: true,
  },
  {
    what: 'with an addend and a factor',
    b: [INNER, COLUMNS],
    addend: [COLUMNS],
    attributes: { alpha: float(0.5) },
    isSwapped: true,
  },
  { what: 'not where the second factor is small', b: [INNER, 20], attributes: {}, isSwapped: false },
  {
    what: 'not where the first factor is transposed',
    a: [INNER, ROWS],
    b: [INNER, COLUMNS],
    attributes: { transA: 1 },
    isSwapped: false,
  },
])('a product of a few rows, $what', async ({ a = [ROWS, INNER], b, addend, attributes, isSwapped }) => {
  const graph = createGraph('product');
  const shapes = { a, b, ...(addend && { addend }) };
  const factors = Object.entries(shapes).map(([name, dims]) => graph.input(name, 'float32', dims));
  graph.output(graph.op('Gemm', factors, attributes), 'y');
  const built = graph.build();
  const swapped = orderThinProducts(built, { target: 'cpu' });
  expect(swapped.nodes.find(({ opType }) => opType === 'Gemm')!.inputs.slice(0, 2)).toEqual(
    isSwapped ? ['b', 'a'] : ['a', 'b'],
  );
  expect(orderThinProducts(built, { target: 'webgpu' })).toBe(built);

  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, dims]) => [
      name,
      float32(dims, Float32Array.from(normal(elementCount(dims), name))),
    ]),
  );
  const results = [];
  for (const each of [built, swapped]) {
    const executable = await nodeRuntime({ threads: 1 }).compile(modelOf(each));
    results.push([...numbersOf((await executable.step(feeds)).y)]);
    await executable.dispose();
  }
  const [expected, actual] = results;
  expect(actual).toHaveLength(expected.length);
  actual.forEach((number, i) => {
    expect(number).toBeCloseTo(expected[i], 4);
  });
});
