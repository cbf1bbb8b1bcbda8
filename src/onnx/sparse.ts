import { HarrierError } from '../errors.ts';
import {
  arrayOf,
  elementCount,
  formatShape,
  numbersOf,
  type SparseTensor,
  type Tensor,
  type TensorData,
} from './types.ts';

/** Elements beyond which a sparse tensor is not written out. */
const LARGEST = 2 ** 28;

/**
 * A sparse tensor with its zeros written out.
 * @throws HarrierError `bad-graph` when its indices do not fit its sizes, `too-large` when it has too many elements
 */
export function denseTensor({ values, indices, dims }: SparseTensor, where: string): Tensor {
  const count = elementCount(dims);
  if (count > LARGEST) {
    throw new HarrierError('too-large', 'a sparse tensor is too large to expand', {
      where,
      expected: `at most ${LARGEST} elements`,
      received: formatShape(dims),
    });
  }
  const linear = indices.dims.length === 1;
  const positions = numbersOf(indices);
  const width = linear ? 1 : dims.length;
  const data = new (arrayOf(values.type))(count) as TensorData;
  const fits = indices.type === 'int64' && positions.length === values.data.length * width;
  for (let i = 0; fits && i < values.data.length; i++) {
    const place = positions.slice(i * width, (i + 1) * width);
    const at = linear ? place[0] : place.reduce((offset, index, axis) => offset * dims[axis] + index, 0);
    const inside = linear || place.every((index, axis) => index >= 0 && index < dims[axis]);
    if (!inside || at < 0 || at >= count) return misplaced(where, place);
    (data as { [index: number]: number | bigint })[at] = values.data[i];
  }
  return fits ? { type: values.type, dims, data } : misplaced(where, indices.dims);
}

function misplaced(where: string, received: readonly number[]): never {
  throw new HarrierError('bad-graph', 'the indices of a sparse tensor do not fit it', {
    where,
    received: formatShape(received),
  });
}
