import { float, float32, type GraphBuilder, int64, type Value } from '../onnx/index.ts';

/** Short spellings of common nodes, for rules, layers, losses and lowerings. */

export function scalar(graph: GraphBuilder, value: number): Value {
  return graph.constant(float32([], [value]));
}
export function axes(graph: GraphBuilder, values: readonly number[]): Value {
  return graph.constant(int64(values));
}
/** a + b, element by element; sizes of 1 are repeated. */
export function add(graph: GraphBuilder, a: Value, b: Value): Value {
  return graph.op('Add', [a, b]);
}
/** a − b, element by element; sizes of 1 are repeated. */
export function sub(graph: GraphBuilder, a: Value, b: Value): Value {
  return graph.op('Sub', [a, b]);
}
/** a · b, element by element; sizes of 1 are repeated. */
export function mul(graph: GraphBuilder, a: Value, b: Value): Value {
  return graph.op('Mul', [a, b]);
}
/** a / b, element by element; sizes of 1 are repeated. */
export function div(graph: GraphBuilder, a: Value, b: Value): Value {
  return graph.op('Div', [a, b]);
}
/** −x, element by element. */
export function neg(graph: GraphBuilder, x: Value): Value {
  return graph.op('Neg', [x]);
}
/** x · value. */
export function scale(graph: GraphBuilder, x: Value, value: number): Value {
  return value === 1 ? x : mul(graph, x, scalar(graph, value));
}
/** x + value. */
export function shift(graph: GraphBuilder, x: Value, value: number): Value {
  return value === 0 ? x : add(graph, x, scalar(graph, value));
}
/** x · x, element by element. */
export function square(graph: GraphBuilder, x: Value): Value {
  return mul(graph, x, x);
}
/** 1 where x > 0, else 0 (composite: targets differ in the fastest form). */
export function heavisideStep(graph: GraphBuilder, x: Value): Value {
  return graph.op('HeavisideStep', [x], {}, { domain: 'harrier' });
}
/** `a` where the condition holds, else `b`. */
export function where(graph: GraphBuilder, condition: Value, a: Value, b: Value): Value {
  return graph.op('Where', [condition, a, b]);
}
/** x, but 1 where it is 0: for a quotient or power of which the other factor is 0 there. */
export function oneWhereZero(graph: GraphBuilder, x: Value): Value {
  return where(graph, graph.op('Equal', [x, scalar(graph, 0)]), scalar(graph, 1), x);
}
/** Reshapes to fixed sizes. Adds no node if the shape stays the same. */
export function reshape(graph: GraphBuilder, x: Value, dims: readonly number[]): Value {
  if (x.shape.length === dims.length && x.shape.every((size, i) => size === dims[i])) return x;
  return graph.op('Reshape', [x, graph.constant(int64(dims))]);
}
/** The axes in the order `perm`. */
export function transpose(graph: GraphBuilder, x: Value, perm: readonly number[]): Value {
  return perm.every((axis, i) => axis === i) ? x : graph.op('Transpose', [x], { perm });
}
/** A slope so steep that every positive normal float32 comes out as 1 (the smallest is 1.2e-38). */
export const STEEP = 1e38;

/**
 * 1 where a ≥ b, else 0, for finite numbers whose difference is not denormal: max(0, min(1, 1e38 · (a − b) + 1)), two
 * vectorised passes. A comparison and a cast take longer on ONNX Runtime's CPU.
 */
export function atLeast(graph: GraphBuilder, a: Value, b: Value): Value {
  return graph.op('HardSigmoid', [sub(graph, a, b)], { alpha: float(STEEP), beta: float(1) });
}

/** The sum over some axes. */
export function reduceSum(graph: GraphBuilder, x: Value, over: readonly number[], keepdims = true): Value {
  return over.length === 0
    ? x
    : graph.op('ReduceSum', [x, axes(graph, over)], { keepdims: Number(keepdims) });
}
/** The mean over some axes. */
export function reduceMean(graph: GraphBuilder, x: Value, over: readonly number[], keepdims = true): Value {
  return graph.op('ReduceMean', [x, axes(graph, over)], { keepdims: Number(keepdims) });
}
/** Repeats along axes of size 1 up to `dims`. */
export function expand(graph: GraphBuilder, x: Value, dims: readonly number[]): Value {
  if (x.shape.length === dims.length && x.shape.every((size, i) => size === dims[i])) return x;
  return graph.op('Expand', [x, graph.constant(int64(dims))]);
}
/** A range of each axis. */
export function slice(
  graph: GraphBuilder,
  x: Value,
  over: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = over.map(() => 1),
): Value {
  return graph.op('Slice', [
    x,
    axes(graph, starts),
    axes(graph, ends),
    axes(graph, over),
    axes(graph, steps),
  ]);
}
/** What went into the Softmax that made a value; the value itself where none did. */
export function logitsOf(graph: GraphBuilder, output: Value): Value {
  return before(graph, output, ['Softmax']);
}

/**
 * One score for each label of an image with any number of labels, of which the logistic function makes probabilities: what
 * went into the Sigmoid or Softmax that a network ends in, else what it ends in.
 */
export function labelScores(graph: GraphBuilder, output: Value): Value {
  return before(graph, output, ['Softmax', 'Sigmoid']);
}

function before(graph: GraphBuilder, output: Value, opTypes: readonly string[]): Value {
  const maker = graph.nodes.find(({ outputs }) => outputs[0] === output);
  return maker && opTypes.includes(maker.opType) ? maker.inputs[0]! : output;
}
