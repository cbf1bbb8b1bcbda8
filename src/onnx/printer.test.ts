import { expect, it } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { printGraph } from './printer.ts';
import { float, float32, tensor } from './types.ts';

it('prints a graph, a line a node', () => {
  const g = new GraphBuilder('sample', () => [
    { type: 'float32', shape: ['N', 10] },
    { type: 'int64', shape: ['N'] },
  ]);
  const image = g.input('image', 'uint8', ['N', 32, 32, 3]);
  const weight = g.initializer('dense/kernel', float32([2], [1, 2]));
  const y = g.op('Gemm', [image, weight, undefined], { transA: 1, alpha: float(1), beta: float(0.25) });
  const [z, indices] = g.ops(
    'Everything',
    [y],
    {
      mode: 'nearest',
      strides: [1, 2],
      names: ['a', 'b'],
      scales: { floats: [0.5, 2] },
      value: { tensor: tensor('int64', [2, 3], [1, 2, 3, 4, 5, 6]) },
      body: { graph: g.build() },
    },
    { domain: 'com.microsoft', outputs: 2 },
  );
  g.output(z, 'scores');
  g.output(indices, 'indices');
  expect(printGraph(g.build())).toMatchInlineSnapshot(`
    "graph sample(image: uint8(N, 32, 32, 3))
      dense/kernel: float32(2,)
      Gemm = Gemm(image, dense/kernel) {transA: 1, alpha: 1.0, beta: 0.25}
      scores, indices = com.microsoft.Everything(Gemm) {mode: "nearest", strides: [1, 2], names: [a, b], scales: [0.5, 2], value: tensor(2, 3), body: graph sample}
      return scores: float32(N, 10), indices: int64(N,)"
  `);
});
