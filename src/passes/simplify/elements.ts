import { arrayOf, type ElementType, elementCount, type Tensor, type TensorData } from '../../onnx/index.ts';

/** Strides of a row-major tensor. */
export function stridesOf(dims: readonly number[]): number[] {
  return dims.map((_, axis) => elementCount(dims.slice(axis + 1)));
}

/** Strides of a tensor as if repeated to `wide`: 0 along axes that it lacks or has once. */
export function repeatedStrides(dims: readonly number[], wide: readonly number[]): number[] {
  const strides = stridesOf(dims);
  const added = wide.length - dims.length;
  return wide.map((_, axis) => (axis < added || dims[axis - added] === 1 ? 0 : strides[axis - added]));
}

/** Calls `visit` for every position of a tensor, in row-major order. The position is one array that changes. */
export function eachPosition(
  dims: readonly number[],
  visit: (position: readonly number[], index: number) => void,
): void {
  const position = dims.map(() => 0);
  const count = elementCount(dims);
  for (let index = 0; index < count; index++) {
    visit(position, index);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++position[axis] < dims[axis]) break;
      position[axis] = 0;
    }
  }
}

/** Where an element lies in the data of a tensor with these strides. */
export function offsetOf(position: readonly number[], strides: readonly number[]): number {
  return position.reduce((offset, at, axis) => offset + at * strides[axis], 0);
}

/** A tensor of which each element is one of `source`'s, or `otherwise` where `from` gives a negative offset. */
export function picked(
  source: Tensor,
  dims: readonly number[],
  from: (position: readonly number[]) => number,
  otherwise: number | bigint = isWide(source.type) ? 0n : 0,
): Tensor {
  const result = emptyTensor(source.type, dims);
  const [to, data] = [result.data as Elements, source.data as Elements];
  eachPosition(dims, (position, index) => {
    const offset = from(position);
    to[index] = offset < 0 ? otherwise : data[offset];
  });
  return result;
}

/** Elements of any type, to read and to write. */
export type Elements = { [index: number]: number | bigint };

export function emptyTensor(type: ElementType, dims: readonly number[]): Tensor {
  const ArrayType = arrayOf(type);
  return { type, dims, data: new ArrayType(elementCount(dims)) as TensorData };
}

/** Whether elements are BigInts. */
export function isWide(type: ElementType): boolean {
  return type === 'int64' || type === 'uint64';
}

export function isInteger(type: ElementType): boolean {
  return /^u?int/.test(type);
}
