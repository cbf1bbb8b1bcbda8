import { type GraphBuilder, intAttribute, MICROSOFT_DOMAIN, type Value } from '../onnx/index.ts';
import { transpose } from '../ops/index.ts';
import type { Lowering, Target } from './lowering.ts';

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

export const matrixLowerings: Readonly<Record<string, Lowering>> = {
  TransposedMatMul: ({ graph, inputs: [a, b], attributes, target }) => [
    matMul(graph, a, b, {
      transA: intAttribute(attributes, 'transA', 0) === 1,
      transB: intAttribute(attributes, 'transB', 0) === 1,
      target,
    }),
  ],
};
