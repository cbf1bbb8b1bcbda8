import { HarrierError } from '../../errors.ts';
import {
  elementCount,
  type Graph,
  type GraphBuilder,
  int64,
  intAttribute,
  type Shape,
  type Tensor,
  tensor,
  type Value,
} from '../../onnx/index.ts';
import { inferredTypes, type NodeToWrite, writeNode } from '../../ops/index.ts';
import type { Pass } from '../pass.ts';
import { rewrite } from '../rewrite.ts';
import { computeConstants } from './compute-constants.ts';
import type { Evaluation } from './evaluation.ts';
import { isNumber, KnownSizes, type Size } from './known-sizes.ts';
import { moveConstants } from './move-constants.ts';

const EVALUATIONS: Readonly<Record<string, Evaluation>> = { ...moveConstants, ...computeConstants };

/** Elements up to which a constant may be larger than the constants that it is made of. */
const LARGEST_GROWTH = 2 ** 20;
/** Bytes that all such constants of a graph may take together. */
const LARGEST_TOTAL = 2 ** 26;

/**
 * Computes all nodes whose outputs are known before the graph runs: those that read constants alone, and those that
 * compute shapes of values whose sizes are fixed. A `Reshape` to a computed shape gets that shape as a constant, with
 * 0 or −1 for a symbolic dimension. Constants never become large: a node that would repeat a number a billion times
 * stays a node.
 */
export const foldConstants: Pass = (graph: Graph) =>
  rewrite(graph, (builder) => {
    const sizes = new KnownSizes();
    const budget = { left: LARGEST_TOTAL };
    return (node) => {
      if (node.domain !== '' || node.outputs.length !== 1) return undefined;
      return (
        foldSizes(builder, node, sizes) ??
        foldNode(builder, node, budget) ??
        settleShape(builder, node, sizes)
      );
    };
  });

/** A node that computes sizes: a constant where all are numbers, remembered where some are. */
function foldSizes(
  builder: GraphBuilder,
  node: NodeToWrite,
  known: KnownSizes,
): readonly Value[] | undefined {
  const sizes = known.through(node);
  if (!sizes) return undefined;
  const [{ type, shape }] = inferredTypes(node);
  if (sizes.every(Number.isSafeInteger))
    return [builder.constant(tensor(type, shape.map(Number), sizes as number[]))];
  const outputs = writeNode(builder, node);
  known.remember(outputs[0], sizes);
  return outputs;
}

/** A node that reads constants alone. */
function foldNode(
  builder: GraphBuilder,
  node: NodeToWrite,
  budget: { left: number },
): readonly Value[] | undefined {
  const { opType, inputs, attributes } = node;
  const evaluate = Object.hasOwn(EVALUATIONS, opType) ? EVALUATIONS[opType] : undefined;
  if (!evaluate || inputs.length === 0 || inputs.some((input) => input && !input.constant)) return undefined;
  const constants = inputs.map((input) => input?.constant);
  const dims = inferredTypes(node)[0].shape.map(Number);
  const given = constants.reduce(
    (total, constant) => total + (constant ? elementCount(constant.dims) : 0),
    0,
  );
  const count = elementCount(dims);
  const grows = count > given;
  if (grows && (count > LARGEST_GROWTH || 8 * count > budget.left)) return undefined;
  const fail = (problem: string): never => {
    throw new HarrierError('bad-graph', problem, { where: `${opType} "${node.name}"` });
  };
  const folded = evaluate({ inputs: constants, attributes, dims, fail });
  if (!folded) return undefined;
  if (grows) budget.left -= 8 * count;
  return [constantOf(builder, folded, node.outputs[0])];
}

/** Elements from which a constant is called after the value that it was. */
const LARGE = 64;

function constantOf(builder: GraphBuilder, folded: Tensor, name: string): Value {
  return elementCount(folded.dims) > LARGE ? builder.initializer(name, folded) : builder.constant(folded);
}

/** A `Reshape` or an `Expand` whose shape is computed and not all of it known. */
function settleShape(
  builder: GraphBuilder,
  node: NodeToWrite,
  known: KnownSizes,
): readonly Value[] | undefined {
  const [x, shape] = node.inputs;
  const sizes = shape && !shape.constant ? known.of(shape) : undefined;
  if (!x || !sizes) return undefined;
  if (node.opType === 'Expand') return isShapeOf(x.shape, sizes) ? [x] : undefined;
  if (node.opType !== 'Reshape' || intAttribute(node.attributes, 'allowzero', 0) === 1) return undefined;
  const dims = sizes.map((size, axis) => (isNumber(size) ? size : size === x.shape[axis] ? 0 : -1));
  if (dims.filter((size) => size === -1).length > 1) return undefined;
  return writeNode(builder, { ...node, inputs: [x, builder.constant(int64(dims))] });
}

function isShapeOf(shape: Shape, sizes: readonly Size[]): boolean {
  const added = shape.length - sizes.length;
  return added >= 0 && sizes.every((size, axis) => size === 1 || size === shape[axis + added]);
}
