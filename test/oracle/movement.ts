/** Operators that move elements and compute none: reshaping, joining, cutting, repeating. */
import {
  at,
  atBroadcast,
  broadcastDims,
  build,
  integers,
  normalizeAxis,
  number,
  numbers,
  type OracleOp,
  type OracleTensor,
  only,
  required,
  sizeOf,
  text,
} from './tensor.ts';

/** The same elements in the same order under other dims. */
function reshaped(x: OracleTensor, dims: number[]): OracleTensor {
  if (sizeOf(dims) !== x.data.length) throw new RangeError(`[${x.dims}] cannot be reshaped to [${dims}]`);
  return { dims, data: x.data.slice() };
}

/** In the target shape 0 keeps the input's dim (unless allowzero) and one −1 takes what is left. */
const reshape: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const allowZero = number(attributes, 'allowzero', 0) !== 0;
  const target = Array.from(required(inputs, 1).data, (dim, axis) =>
    dim === 0 && !allowZero ? x.dims[axis] : dim,
  );
  const known = sizeOf(target.filter((dim) => dim !== -1));
  return [
    reshaped(
      x,
      target.map((dim) => (dim === -1 ? x.data.length / known : dim)),
    ),
  ];
};

/** To a matrix: the axes before `axis` become rows, the rest columns. Here axis may equal the rank. */
const flatten: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const given = number(attributes, 'axis', 1);
  const axis = given < 0 ? given + x.dims.length : given;
  return [reshaped(x, [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))])];
};

const squeeze: OracleOp = (inputs) => {
  const x = required(inputs, 0);
  const axes = integers(inputs[1])?.map((axis) => normalizeAxis(axis, x.dims.length));
  const dims = x.dims.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1));
  return [reshaped(x, dims)];
};

/** Axes count in the output. */
const unsqueeze: OracleOp = (inputs) => {
  const x = required(inputs, 0);
  const given = integers(required(inputs, 1))!;
  const rank = x.dims.length + given.length;
  const axes = given.map((axis) => normalizeAxis(axis, rank));
  const rest = [...x.dims];
  return [
    reshaped(
      x,
      Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!)),
    ),
  ];
};

/** Axis i of the output is axis perm[i] of the input; without perm the axes are reversed. */
const transpose: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const perm = numbers(attributes, 'perm', x.dims.map((_, axis) => axis).reverse());
  return [
    build(
      perm.map((axis) => x.dims[axis]),
      (position) =>
        at(
          x,
          x.dims.map((_, axis) => position[perm.indexOf(axis)]),
        ),
    ),
  ];
};

const concat: OracleOp = (inputs, attributes) => {
  const parts = inputs.map((_, i) => required(inputs, i));
  const axis = normalizeAxis(number(attributes, 'axis'), parts[0].dims.length);
  const length = parts.reduce((total, part) => total + part.dims[axis], 0);
  return [
    build(parts[0].dims.with(axis, length), (position) => {
      let index = position[axis];
      let part = 0;
      while (index >= parts[part].dims[axis]) index -= parts[part++].dims[axis];
      return at(parts[part], position.with(axis, index));
    }),
  ];
};

/** Into the lengths of the second input, or into num_outputs equal parts of which the last may be shorter. */
const split: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const axis = normalizeAxis(number(attributes, 'axis', 0), x.dims.length);
  let lengths = integers(inputs[1]);
  if (!lengths) {
    const count = number(attributes, 'num_outputs');
    const length = Math.ceil(x.dims[axis] / count);
    lengths = Array.from({ length: count }, (_, i) => (i < count - 1 ? length : x.dims[axis] - i * length));
  }
  let start = 0;
  return lengths.map((length) => {
    const begin = start;
    start += length;
    return build(x.dims.with(axis, length), (position) => at(x, position.with(axis, position[axis] + begin)));
  });
};

/**
 * pads holds what to add before every axis (or every one of `axes`), then what to add after; negative numbers cut.
 * reflect mirrors without repeating the border, edge repeats the border, wrap continues at the other end.
 */
const pad: OracleOp = (inputs, attributes) => {
  only(attributes, 'mode', 'constant', 'constant', 'reflect', 'edge', 'wrap');
  const x = required(inputs, 0);
  const pads = integers(required(inputs, 1))!;
  const constant = inputs[2]?.data[0] ?? 0;
  const axes = (integers(inputs[3]) ?? x.dims.map((_, i) => i)).map((axis) =>
    normalizeAxis(axis, x.dims.length),
  );
  const mode = text(attributes, 'mode', 'constant');
  const before = x.dims.map(() => 0);
  const dims = [...x.dims];
  axes.forEach((axis, i) => {
    before[axis] = pads[i];
    dims[axis] += pads[i] + pads[axes.length + i];
  });
  return [
    build(dims, (position) => {
      const source = position.map((p, axis) => p - before[axis]);
      for (let axis = 0; axis < dims.length; axis++) {
        const size = x.dims[axis];
        if (source[axis] >= 0 && source[axis] < size) continue;
        if (mode === 'constant') return constant;
        if (mode === 'edge') source[axis] = source[axis] < 0 ? 0 : size - 1;
        if (mode === 'wrap') source[axis] = ((source[axis] % size) + size) % size;
        while (mode === 'reflect' && size > 1 && (source[axis] < 0 || source[axis] >= size))
          source[axis] = source[axis] < 0 ? -source[axis] : 2 * (size - 1) - source[axis];
      }
      return at(x, source);
    }),
  ];
};

/** Broadcasting in both directions: a 1 in the target shape leaves the input's dim. */
const expand: OracleOp = (inputs) => {
  const x = required(inputs, 0);
  const dims = broadcastDims(x.dims, integers(required(inputs, 1))!);
  return [build(dims, (position) => atBroadcast(x, position))];
};

const tile: OracleOp = (inputs) => {
  const x = required(inputs, 0);
  const repeats = integers(required(inputs, 1))!;
  const dims = x.dims.map((dim, axis) => dim * repeats[axis]);
  return [
    build(dims, (position) =>
      at(
        x,
        position.map((p, axis) => p % x.dims[axis]),
      ),
    ),
  ];
};

/** Nearest neighbour only: output i takes input ⌊i / scale⌋ (asymmetric, floor). Sizes, where given, set the scale. */
const resize: OracleOp = (inputs, attributes) => {
  only(attributes, 'mode', 'nearest', 'nearest');
  only(attributes, 'coordinate_transformation_mode', 'half_pixel', 'asymmetric');
  only(attributes, 'nearest_mode', 'round_prefer_floor', 'floor');
  if (attributes.axes) throw new RangeError('the oracle does not implement axes in Resize');
  const x = required(inputs, 0);
  const sizes = integers(inputs[3]);
  const scales = sizes ? sizes.map((size, axis) => size / x.dims[axis]) : integers(required(inputs, 2))!;
  const dims = sizes ?? x.dims.map((dim, axis) => Math.floor(dim * scales[axis]));
  return [
    build(dims, (position) =>
      at(
        x,
        position.map((p, axis) => Math.min(Math.floor(p / scales[axis]), x.dims[axis] - 1)),
      ),
    ),
  ];
};

export const movement: Record<string, OracleOp> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Pad: pad,
  Expand: expand,
  Tile: tile,
  Resize: resize,
};
