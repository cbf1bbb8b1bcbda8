import { intAttribute, type Value, type ValueType } from '../onnx/index.ts';
import {
  define,
  fixedDims,
  type GradientContext,
  type InferContext,
  type OpDefinition,
} from './definition.ts';
import { atLeast, expand, mul, oneWhereZero, reduceSum, reshape, scale } from './functional.ts';

/** The axes of a reduction, from the front; all of them when none are given. */
function reducedAxes(node: { axes?: readonly number[]; rank: number; nothing: boolean }): number[] {
  const { axes, rank, nothing } = node;
  if (!axes || axes.length === 0) return nothing ? [] : Array.from({ length: rank }, (_, i) => i);
  return axes.map((axis) => (axis < 0 ? axis + rank : axis));
}

function inferReduction(node: InferContext): ValueType[] {
  const over = reducedAxes({
    axes: node.has(1) ? node.constant(1) : undefined,
    rank: node.rank(0),
    nothing: intAttribute(node.attributes, 'noop_with_empty_axes', 0) === 1,
  }).map((axis) => node.axis(axis));
  const keep = intAttribute(node.attributes, 'keepdims', 1) === 1;
  const shape = node.shape(0).flatMap((size, axis) => (over.includes(axis) ? (keep ? [1] : []) : [size]));
  return [{ type: node.input(0).type, shape }];
}

/** dy with the reduced axes put back as 1, and the number of elements that were reduced to one. */
function restored(node: GradientContext, value = node.dy()): { value: Value; count: number } {
  const dims = fixedDims(node.x());
  const over = reducedAxes({
    axes: node.constant(1),
    rank: dims.length,
    nothing: intAttribute(node.attributes, 'noop_with_empty_axes', 0) === 1,
  });
  const kept = dims.map((size, axis) => (over.includes(axis) ? 1 : size));
  const count = over.reduce((product, axis) => product * dims[axis], 1);
  return { value: reshape(node.graph, value, kept), count };
}

/** y = the largest or smallest: elements that equal it share dy, as in max pooling. */
function winnersShare(node: GradientContext, reduction: 'max' | 'min'): Value[] {
  const { graph } = node;
  const [x, best] = [node.x(), restored(node, node.y()).value];
  const winners = reduction === 'max' ? atLeast(graph, x, best) : atLeast(graph, best, x);
  const over = fixedDims(restored(node).value).flatMap((size, axis) =>
    size === 1 && fixedDims(node.x())[axis] !== 1 ? [axis] : [],
  );
  const count = reduceSum(graph, winners, over);
  return [mul(graph, winners, graph.op('Div', [restored(node).value, count]))];
}

export const reduction: OpDefinition[] = [
  // y = Σ x: dx = dy, repeated
  define('ReduceSum', inferReduction, (node) => [
    expand(node.graph, restored(node).value, fixedDims(node.x())),
  ]),
  // y = Σ x / n: dx = dy / n, repeated
  define('ReduceMean', inferReduction, (node) => {
    const { value, count } = restored(node);
    return [expand(node.graph, scale(node.graph, value, 1 / count), fixedDims(node.x()))];
  }),
  // y = Σ x²: dx = 2x · dy
  define('ReduceSumSquare', inferReduction, (node) => [
    mul(node.graph, scale(node.graph, restored(node).value, 2), node.x()),
  ]),
  // y = √Σ x²: dx = dy · x / y; 0 where all x are 0, as PyTorch has it
  define('ReduceL2', inferReduction, (node) => {
    const { graph } = node;
    const norm = oneWhereZero(graph, restored(node, node.y()).value);
    return [mul(graph, graph.op('Div', [restored(node).value, norm]), node.x())];
  }),
  // y = ln Σ eˣ: dx = dy · eˣ⁻ʸ
  define('ReduceLogSumExp', inferReduction, (node) => {
    const { graph } = node;
    const share = graph.op('Exp', [graph.op('Sub', [node.x(), restored(node, node.y()).value])]);
    return [mul(graph, share, restored(node).value)];
  }),
  // y = Σ |x|: dx = dy · sign(x)
  define('ReduceL1', inferReduction, (node) => [
    mul(node.graph, node.graph.op('Sign', [node.x()]), restored(node).value),
  ]),
  // y = ln Σ x: dx = dy / Σ x = dy · e⁻ʸ
  define('ReduceLogSum', inferReduction, (node) => {
    const { graph } = node;
    const inverse = graph.op('Exp', [graph.op('Neg', [restored(node, node.y()).value])]);
    return [expand(graph, mul(graph, restored(node).value, inverse), fixedDims(node.x()))];
  }),
  define('ReduceMax', inferReduction, (node) => winnersShare(node, 'max')),
  define('ReduceMin', inferReduction, (node) => winnersShare(node, 'min')),
  define('ReduceProd', inferReduction, { none: 'where an element is 0 it cannot be told from the product' }),
  ...['ArgMax', 'ArgMin'].map((opType) => define(opType, inferArgument, 'zero')),
];

function inferArgument(node: InferContext): ValueType[] {
  const axis = node.axis(intAttribute(node.attributes, 'axis', 0));
  const keep = intAttribute(node.attributes, 'keepdims', 1) === 1;
  const shape = node.shape(0).flatMap((size, i) => (i === axis ? (keep ? [1] : []) : [size]));
  return [{ type: 'int64', shape }];
}
