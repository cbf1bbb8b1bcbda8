import { emitOnnxSumOfSquares } from '../kernels/index.ts';
import { float32, type GraphBuilder, type Value } from '../onnx/index.ts';

/** How an optimizer limits gradients. */
export interface Clipping {
  /**
   * `value`: each element to [−limit, limit], in the optimizer's own expression. `norm`: each parameter's gradient to
   * that Euclidean norm; `globalNorm`: all gradients together: both by the scalar `gradientScale`, which the caller
   * computes from the sum of squares.
   */
  readonly by: 'value' | 'norm' | 'globalNorm';
  readonly limit: number;
}

/**
 * What to multiply gradients by so that their norm is at most `limit` (Pascanu, Mikolov, Bengio 2013):
 * limit / max(norm, limit).
 *
 * @param sumOfSquares of all elements that share the limit
 * @returns a number in (0, 1]; NaN when the sum of squares is not finite, so that a broken gradient never looks whole
 */
export function gradientScale(sumOfSquares: number, limit: number): number {
  if (!Number.isFinite(sumOfSquares)) return Number.NaN;
  return limit / Math.max(Math.sqrt(sumOfSquares), limit);
}

/**
 * {@link gradientScale} as ONNX ops in the builder's present scope.
 *
 * @param gradients float32 values that share the limit
 * @returns a float32 value of shape `()`
 */
export function emitOnnxGradientScale(
  builder: GraphBuilder,
  gradients: readonly Value[],
  limit: number,
): Value {
  const norm = builder.op('Sqrt', [emitOnnxSumOfSquares(builder, gradients)]);
  const bound = builder.constant(float32([], [limit]));
  const scale = builder.op('Div', [bound, builder.op('Max', [norm, bound])]);
  // norm − norm is 0, or NaN when the norm is not finite.
  const check = builder.op('Sub', [norm, norm]);
  return builder.op('Add', [scale, check], {}, { name: 'gradientScale' });
}
