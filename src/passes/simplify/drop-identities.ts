import { intsAttribute, numbersOf, type Shape, type Value } from '../../onnx/index.ts';
import { broadcastShapes, inferredTypes, type NodeToWrite } from '../../ops/index.ts';
import type { Pass } from '../pass.ts';
import { rewrite } from '../rewrite.ts';

/** Whether a node returns its first input as it is. */
type IsIdentity = (node: NodeToWrite, x: Value) => boolean;

/** Whether the output, whose elements keep their order, has the shape of the input. */
const keepsShape: IsIdentity = (node, x) => {
  const [{ shape }] = inferredTypes(node);
  // Two symbolic dimensions could have changed places; one cannot.
  return isSame(shape, x.shape) && shape.filter((size) => typeof size === 'string').length <= 1;
};

const isOnly: IsIdentity = ({ inputs }) => inputs.length === 1;

/** Whether the second input is this number everywhere, and makes the output no larger than the first. */
const hasOperand =
  (number: number): IsIdentity =>
  ({ inputs: [, operand] }, x) =>
    operand?.constant !== undefined &&
    numbersOf(operand.constant).every((each) => Object.is(each, number)) &&
    isSame(broadcastShapes(x.shape, operand.shape) ?? [], x.shape);

/** Ops that may leave their first input as it is, by name. */
const IDENTITIES: Readonly<Record<string, IsIdentity>> = {
  Identity: () => true,
  Dropout: ({ inputs: [, , training] }) => !training || training.constant?.data[0] === 0,
  Cast: (node, x) => inferredTypes(node)[0].type === x.type,
  Reshape: keepsShape,
  Flatten: keepsShape,
  Expand: keepsShape,
  Squeeze: keepsShape,
  Unsqueeze: keepsShape,
  Transpose: ({ attributes }, x) =>
    (intsAttribute(attributes, 'perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis)).every(
      (axis, i) => axis === i,
    ),
  Slice: (node, x) => {
    const steps = node.inputs[4];
    const isForwards = !steps || (steps.constant && numbersOf(steps.constant).every((step) => step === 1));
    return isForwards === true && keepsShape(node, x);
  },
  Pad: ({ inputs: [, pads] }) =>
    pads?.constant !== undefined && numbersOf(pads.constant).every((size) => size === 0),
  Concat: isOnly,
  Sum: isOnly,
  Max: isOnly,
  Min: isOnly,
  Clip: ({ inputs: [, low, high] }) => !low && !high,
  Add: hasOperand(0),
  Sub: hasOperand(0),
  Mul: hasOperand(1),
  Div: hasOperand(1),
};

/** Drops nodes that return their first input as it is: identities, dropout after training, reshapes to the same shape. */
export const dropIdentities: Pass = (graph) =>
  rewrite(graph, () => (node) => {
    const [x] = node.inputs;
    if (!x || node.domain !== '' || node.outputs.length !== 1) return undefined;
    const isIdentity = Object.hasOwn(IDENTITIES, node.opType) ? IDENTITIES[node.opType] : undefined;
    return isIdentity?.(node, x) ? [x] : undefined;
  });

function isSame(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
