import { float32, type GraphBuilder, type Value } from '../onnx/index.ts';
import type { Operation } from './expression.ts';
import { given, type Kernel } from './kernel.ts';

const OP_TYPES: Readonly<Record<Operation, string>> = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
  minimum: 'Min',
  maximum: 'Max',
  negate: 'Neg',
  absolute: 'Abs',
  squareRoot: 'Sqrt',
};

/**
 * Adds a kernel to a graph as stock ONNX ops, in the builder's present scope.
 *
 * @param values float32 values by name: the kernel's arrays, of one shape, and its scalars, of shape `()`
 * @returns the updated arrays' new values by name; nodes that make them bear the arrays' names
 * @throws HarrierError `bad-option` when an array or scalar is missing
 */
export function emitOnnx(
  builder: GraphBuilder,
  kernel: Kernel,
  values: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const nameOf = new Map(kernel.updates.map(({ array, step }) => [step, array]));
  const results: Value[] = [];
  for (const [index, step] of kernel.steps.entries()) {
    if (step.kind === 'constant') results.push(builder.constant(float32([], [step.value])));
    else if (step.kind !== 'operation') results.push(given(kernel, step.kind, step.name, values));
    else {
      const operands = step.operands.map((operand) => results[operand]);
      results.push(builder.op(OP_TYPES[step.operation], operands, {}, { name: nameOf.get(index) }));
    }
  }
  return Object.fromEntries(kernel.updates.map(({ array, step }) => [array, results[step]]));
}
