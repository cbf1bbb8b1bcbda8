/** Operators that choose elements by index, and those that make a tensor from nothing but parameters. */
import {
  at,
  build,
  filled,
  integers,
  normalizeAxis,
  number,
  numbers,
  type OracleOp,
  offsetOf,
  only,
  positions,
  required,
  tensor,
  text,
  vector,
} from './tensor.ts';

/** An index counted from either end of an axis, as one counted from the front. */
function wrapped(index: number, size: number): number {
  if (index < -size || index >= size) throw new RangeError(`index ${index} is outside an axis of ${size}`);
  return index < 0 ? index + size : index;
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/**
 * Python's slices, axis by axis: negative starts and ends count from the end, both are cut to what exists,
 * and a negative step walks backwards (its end, too, is excluded).
 */
const slice: OracleOp = (inputs) => {
  const x = required(inputs, 0);
  const starts = integers(required(inputs, 1))!;
  const ends = integers(required(inputs, 2))!;
  const axes = integers(inputs[3]) ?? starts.map((_, i) => i);
  const steps = integers(inputs[4]) ?? starts.map(() => 1);
  const first = x.dims.map(() => 0);
  const stride = x.dims.map(() => 1);
  const dims = [...x.dims];
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, x.dims.length);
    const size = x.dims[axis];
    const step = steps[i];
    let start = starts[i] < 0 ? starts[i] + size : starts[i];
    let end = ends[i] < 0 ? ends[i] + size : ends[i];
    start = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
    end = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
    first[axis] = start;
    stride[axis] = step;
    dims[axis] = size === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step));
  });
  return [
    build(dims, (position) =>
      at(
        x,
        position.map((p, axis) => first[axis] + p * stride[axis]),
      ),
    ),
  ];
};

/** y[before, i, after] = x[before, indices[i], after]: the axis is replaced by the axes of the indices. */
const gather: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const indices = required(inputs, 1);
  const axis = normalizeAxis(number(attributes, 'axis', 0), x.dims.length);
  const taken = indices.dims.length;
  return [
    build([...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)], (position) => {
      const index = wrapped(at(indices, position.slice(axis, axis + taken)), x.dims[axis]);
      return at(x, [...position.slice(0, axis), index, ...position.slice(axis + taken)]);
    }),
  ];
};

/** y[p] = x[p with its axis replaced by indices[p]]. */
const gatherElements: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const indices = required(inputs, 1);
  const axis = normalizeAxis(number(attributes, 'axis', 0), x.dims.length);
  return [
    build(indices.dims, (position) => {
      const index = wrapped(at(indices, position), x.dims[axis]);
      return at(x, position.with(axis, index));
    }),
  ];
};

/** The inverse of GatherElements: a copy of x in which every update lands where its index says. */
const scatterElements: OracleOp = (inputs, attributes) => {
  only(attributes, 'reduction', 'none', 'none', 'add');
  const x = required(inputs, 0);
  const indices = required(inputs, 1);
  const updates = required(inputs, 2);
  const axis = normalizeAxis(number(attributes, 'axis', 0), x.dims.length);
  const add = text(attributes, 'reduction', 'none') === 'add';
  const data = x.data.slice();
  for (const position of positions(indices.dims)) {
    const index = wrapped(at(indices, position), x.dims[axis]);
    const target = offsetOf(position.with(axis, index), x.dims);
    data[target] = at(updates, position) + (add ? data[target] : 0);
  }
  return [{ dims: [...x.dims], data }];
};

/** values = [off, on]. Negative indices count from the end; those outside [−depth, depth) give all off. */
const oneHot: OracleOp = (inputs, attributes) => {
  const indices = required(inputs, 0);
  const depth = required(inputs, 1).data[0];
  const [off, on] = required(inputs, 2).data;
  const axis = normalizeAxis(number(attributes, 'axis', -1), indices.dims.length + 1);
  return [
    build(indices.dims.toSpliced(axis, 0, depth), (position) => {
      const index = at(indices, position.toSpliced(axis, 1));
      return (index < 0 ? index + depth : index) === position[axis] ? on : off;
    }),
  ];
};

const range: OracleOp = (inputs) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => required(inputs, i).data[0]);
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  return [vector(Array.from({ length }, (_, i) => start + i * delta))];
};

/** The dims from `start` up to `end`, both counted from either end and cut to the rank. */
const shape: OracleOp = (inputs, attributes) => {
  const { dims } = required(inputs, 0);
  return [vector(dims.slice(number(attributes, 'start', 0), number(attributes, 'end', dims.length)))];
};

const size: OracleOp = (inputs) => [filled([], required(inputs, 0).data.length)];

const constant: OracleOp = (_inputs, attributes) => {
  const value = tensor(attributes, 'value');
  if (value) return [value];
  for (const name of ['value_float', 'value_int'])
    if (attributes[name] !== undefined) return [filled([], number(attributes, name))];
  for (const name of ['value_floats', 'value_ints'])
    if (attributes[name] !== undefined) return [vector(numbers(attributes, name))];
  throw new RangeError('Constant needs value, value_float, value_int, value_floats or value_ints');
};

const constantOfShape: OracleOp = (inputs, attributes) => [
  filled(integers(required(inputs, 0))!, tensor(attributes, 'value')?.data[0] ?? 0),
];

export const indexing: Record<string, OracleOp> = {
  Slice: slice,
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  OneHot: oneHot,
  Range: range,
  Shape: shape,
  Size: size,
  Constant: constant,
  ConstantOfShape: constantOfShape,
};
