/** Reductions over axes, arg-reductions and the running sum. */
import {
  type Attributes,
  at,
  build,
  integers,
  normalizeAxis,
  number,
  type OracleOp,
  type OracleTensor,
  offsetOf,
  positions,
  required,
  sizeOf,
} from './tensor.ts';

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const greatest = (values: number[]): number =>
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
const least = (values: number[]): number => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

function logSumExp(values: number[]): number {
  const top = greatest(values);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(sum(values.map((value) => Math.exp(value - top))));
}

/** Collects, for every element of the output, the elements that are reduced into it, in row-major order. */
function reduce(
  x: OracleTensor,
  axes: number[],
  keepdims: boolean,
  f: (values: number[]) => number,
): OracleTensor {
  const groupDims = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const groups: number[][] = Array.from({ length: sizeOf(groupDims) }, () => []);
  let i = 0;
  for (const position of positions(x.dims)) {
    const group = position.map((p, axis) => (axes.includes(axis) ? 0 : p));
    groups[offsetOf(group, groupDims)].push(x.data[i++]);
  }
  const dims = keepdims ? groupDims : x.dims.filter((_, axis) => !axes.includes(axis));
  return { dims, data: Float64Array.from(groups, f) };
}

/**
 * Axes come as an optional second input; none means all, or, with noop_with_empty_axes, that nothing is joined.
 * Then each element is a group of its own, so that the squares and roots of ReduceL2 and its like still happen:
 * the specification said otherwise for a while, and was corrected (onnx/onnx#6103).
 */
const reduction =
  (f: (values: number[]) => number): OracleOp =>
  (inputs, attributes) => {
    const x = required(inputs, 0);
    let axes = (integers(inputs[1]) ?? []).map((axis) => normalizeAxis(axis, x.dims.length));
    if (axes.length === 0 && !number(attributes, 'noop_with_empty_axes', 0))
      axes = x.dims.map((_, axis) => axis);
    return [reduce(x, axes, number(attributes, 'keepdims', 1) !== 0, f)];
  };

/** Where along an axis the winner stands; of equals the first, or the last with select_last_index. */
const argReduction =
  (beats: (a: number, b: number) => boolean): OracleOp =>
  (inputs, attributes: Attributes) => {
    const x = required(inputs, 0);
    const axis = normalizeAxis(number(attributes, 'axis', 0), x.dims.length);
    const last = number(attributes, 'select_last_index', 0) !== 0;
    const winner = (values: number[]): number => {
      let best = 0;
      for (let i = 1; i < values.length; i++)
        if (beats(values[i], values[best]) || (last && values[i] === values[best])) best = i;
      return best;
    };
    return [reduce(x, [axis], number(attributes, 'keepdims', 1) !== 0, winner)];
  };

/** y[i] = Σ x[j] over j ≤ i along an axis (an input); `exclusive` leaves x[i] out, `reverse` sums from the end. */
const cumSum: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const axis = normalizeAxis(required(inputs, 1).data[0], x.dims.length);
  const exclusive = number(attributes, 'exclusive', 0) !== 0;
  const reverse = number(attributes, 'reverse', 0) !== 0;
  return [
    build(x.dims, (position) => {
      const i = position[axis];
      let total = 0;
      for (let j = 0; j < x.dims[axis]; j++)
        if (j === i ? !exclusive : reverse ? j > i : j < i) total += at(x, position.with(axis, j));
      return total;
    }),
  ];
};

export const reductions: Record<string, OracleOp> = {
  ReduceSum: reduction(sum),
  ReduceMean: reduction((values) => sum(values) / values.length),
  ReduceMax: reduction(greatest),
  ReduceMin: reduction(least),
  ReduceProd: reduction((values) => values.reduce((product, value) => product * value, 1)),
  ReduceL1: reduction((values) => sum(values.map(Math.abs))),
  ReduceL2: reduction((values) => Math.sqrt(sum(values.map((value) => value * value)))),
  ReduceSumSquare: reduction((values) => sum(values.map((value) => value * value))),
  ReduceLogSum: reduction((values) => Math.log(sum(values))),
  ReduceLogSumExp: reduction(logSumExp),
  ArgMax: argReduction((a, b) => a > b),
  ArgMin: argReduction((a, b) => a < b),
  CumSum: cumSum,
};
