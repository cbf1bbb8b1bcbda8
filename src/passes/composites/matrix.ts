import { float32, type GraphBuilder, intAttribute, MICROSOFT_DOMAIN, type Value } from '../../onnx/index.ts';
import { fixedDims, reduceSum, reshape, transpose } from '../../ops/index.ts';
import type { Target } from '../pass.ts';
import type { Decomposition } from './composite.ts';

/**
 * a · b with either transposed in its last two axes. ONNX Runtime's CPU does it in one op; its WebGPU kernels have
 * no FusedMatMul and fall back to the CPU, so there the transposition is an op of its own.
 */
export function matMul(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  { transA = false, transB = false, target }: { transA?: boolean; transB?: boolean; target: Target },
): Value {
  if (!transA && !transB) return graph.op('MatMul', [a, b]);
  if (target === 'cpu') {
    return graph.op(
      'FusedMatMul',
      [a, b],
      { transA: Number(transA), transB: Number(transB) },
      { domain: MICROSOFT_DOMAIN },
    );
  }
  const swapped = (x: Value, yes: boolean): Value => {
    if (!yes) return x;
    const perm = x.shape.map((_, i) => i);
    perm.push(...perm.splice(-2).reverse());
    return transpose(graph, x, perm);
  };
  return graph.op('MatMul', [swapped(a, transA), swapped(b, transB)]);
}

/** Sums over the first axis. On the CPU a product with a row of ones takes a tenth of the time of ReduceSum. */
export function sumOverBatch(graph: GraphBuilder, x: Value, target: Target): Value {
  if (target !== 'cpu') return reduceSum(graph, x, [0], false);
  const [batch, ...rest] = fixedDims(x);
  const size = rest.reduce((product, length) => product * length, 1);
  const ones = graph.constant(float32([1, batch], new Float32Array(batch).fill(1)));
  return reshape(graph, graph.op('MatMul', [ones, reshape(graph, x, [batch, size])]), rest);
}

export const matrixDecompositions: Readonly<Record<string, Decomposition>> = {
  TransposedMatMul: ({ graph, inputs: [a, b], attributes, target }) => [
    matMul(graph, a, b, {
      transA: intAttribute(attributes, 'transA', 0) === 1,
      transB: intAttribute(attributes, 'transB', 0) === 1,
      target,
    }),
  ],
};
