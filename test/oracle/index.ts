/**
 * The oracle: ONNX operators (opset 21) written a second time, as plain float64 loops straight from their
 * specification, for tests to compare with. It shares no code with what it evaluates, and it is slow on purpose.
 *
 * It knows no element types: integers and booleans are numbers too, so integer overflow and integer division
 * are out of its reach, and a Cast to float32 does not round.
 */
import { activations } from './activations.ts';
import { convolution } from './convolution.ts';
import { einsums } from './einsum.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { losses } from './loss.ts';
import { matrix } from './matrix.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { rearranging } from './rearranging.ts';
import { reductions } from './reduction.ts';
import type { OracleOp } from './tensor.ts';

export type { Attributes, OracleOp, OracleTensor } from './tensor.ts';

/** By op type; operators outside the default domain as `domain.OpType`. */
export const oracle: Record<string, OracleOp> = {
  ...elementwise,
  ...activations,
  ...convolution,
  ...pooling,
  ...matrix,
  ...reductions,
  ...movement,
  ...indexing,
  ...normalization,
  ...losses,
  ...einsums,
  ...rearranging,
};
