/**
 * What the oracle's operators share: a tensor of float64 numbers whatever its ONNX type, walks over positions,
 * broadcasting, and readers of attributes. Everything favours being plainly right over being fast.
 */
import type { Attributes as OnnxAttributes } from '../../src/onnx/types.ts';

/** A dense row-major tensor. Integers are stored as themselves, booleans as 0 and 1. */
export interface OracleTensor {
  dims: number[];
  data: Float64Array;
}

/** As in a graph ({@link OnnxAttributes}), or a tensor in the oracle's own form. Bare fractions are numbers too. */
export type Attributes = Readonly<Record<string, OnnxAttributes[string] | OracleTensor | undefined>>;

/** One operator: inputs in ONNX order (omitted optional ones are undefined) to all of its outputs. */
export type OracleOp = (
  inputs: readonly (OracleTensor | undefined)[],
  attributes: Attributes,
) => OracleTensor[];

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Every position of a tensor of these dims, in row-major order; each is a fresh array. */
export function* positions(dims: readonly number[]): Generator<number[]> {
  if (sizeOf(dims) === 0) return;
  const position = dims.map(() => 0);
  for (;;) {
    yield position.slice();
    let axis = dims.length - 1;
    while (axis >= 0 && ++position[axis] === dims[axis]) position[axis--] = 0;
    if (axis < 0) return;
  }
}

/** Where a position lies in row-major memory. */
export function offsetOf(position: readonly number[], dims: readonly number[]): number {
  let offset = 0;
  for (let axis = 0; axis < dims.length; axis++) offset = offset * dims[axis] + position[axis];
  return offset;
}

/** The element at a position. */
export function at(x: OracleTensor, position: readonly number[]): number {
  return x.data[offsetOf(position, x.dims)];
}

/** A tensor whose every element is computed from its position. */
export function build(dims: readonly number[], element: (position: number[]) => number): OracleTensor {
  const data = new Float64Array(sizeOf(dims));
  let i = 0;
  for (const position of positions(dims)) data[i++] = element(position);
  return { dims: [...dims], data };
}

/** A tensor filled with one number. */
export function filled(dims: readonly number[], value: number): OracleTensor {
  return { dims: [...dims], data: new Float64Array(sizeOf(dims)).fill(value) };
}

/** A tensor of the same shape with every element replaced. */
export function map(x: OracleTensor, f: (value: number) => number): OracleTensor {
  return { dims: [...x.dims], data: x.data.map((value) => f(value)) };
}

/** A one-dimensional tensor. */
export function vector(values: readonly number[]): OracleTensor {
  return { dims: [values.length], data: Float64Array.from(values) };
}

/** The shape that all of these broadcast to: aligned at the last axis, size 1 stretches. */
export function broadcastDims(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    let result = 1;
    for (const dims of shapes) {
      const dim = dims[axis - (rank - dims.length)] ?? 1;
      if (dim === 1) continue;
      if (result !== 1 && result !== dim)
        throw new RangeError(`shapes ${shapes.map((s) => `[${s}]`).join(', ')} do not broadcast`);
      result = dim;
    }
    return result;
  });
}

/** The element of x that stands at a position of the shape which x is broadcast to. */
export function atBroadcast(x: OracleTensor, position: readonly number[]): number {
  const skipped = position.length - x.dims.length;
  return at(
    x,
    x.dims.map((dim, axis) => (dim === 1 ? 0 : position[axis + skipped])),
  );
}

/** An axis counted from either end, as one counted from the front. */
export function normalizeAxis(axis: number, rank: number): number {
  if (axis < -rank || axis >= Math.max(rank, 1))
    throw new RangeError(`axis ${axis} is outside a tensor of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** An input that the operator cannot do without. */
export function required(inputs: readonly (OracleTensor | undefined)[], index: number): OracleTensor {
  const input = inputs[index];
  if (!input) throw new RangeError(`input ${index} is missing`);
  return input;
}

/** An optional input of integers, such as axes or pads. */
export function integers(input: OracleTensor | undefined): number[] | undefined {
  return input ? Array.from(input.data) : undefined;
}

/** A number attribute, or its default. */
export function number(attributes: Attributes, name: string, fallback?: number): number {
  const value = attributes[name] ?? fallback;
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && 'float' in value) return value.float;
  throw new RangeError(`attribute ${name} must be a number, received ${JSON.stringify(value)}`);
}

/** An attribute that is a list of numbers, or its default. */
export function numbers(attributes: Attributes, name: string, fallback?: readonly number[]): number[] {
  const value = attributes[name] ?? fallback;
  if (Array.isArray(value)) return value.map(Number);
  if (typeof value === 'object' && 'floats' in value) return [...value.floats];
  throw new RangeError(`attribute ${name} must be a list of numbers, received ${JSON.stringify(value)}`);
}

/** An attribute that is a tensor, if there is one. */
export function tensor(attributes: Attributes, name: string): OracleTensor | undefined {
  const value = attributes[name];
  if (value === undefined) return undefined;
  if (typeof value === 'object' && 'tensor' in value) {
    const { dims, data } = value.tensor;
    return { dims: [...dims], data: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
  }
  if (typeof value === 'object' && 'data' in value)
    return { dims: [...value.dims], data: value.data.slice() };
  throw new RangeError(`attribute ${name} must be a tensor, received ${JSON.stringify(value)}`);
}

/** A string attribute, or its default. */
export function text(attributes: Attributes, name: string, fallback: string): string {
  return String(attributes[name] ?? fallback);
}

/** Refuses an attribute value that the oracle does not implement. */
export function only(
  attributes: Attributes,
  name: string,
  fallback: number | string,
  ...allowed: unknown[]
): void {
  const value = attributes[name] ?? fallback;
  if (!allowed.includes(value)) throw new RangeError(`the oracle does not implement ${name} = ${value}`);
}
