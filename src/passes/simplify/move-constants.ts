import {
  elementCount,
  intAttribute,
  intsAttribute,
  numbersOf,
  stringAttribute,
  type Tensor,
} from '../../onnx/index.ts';
import { padsOf, sliceParts } from '../../ops/index.ts';
import { offsetOf, picked, repeatedStrides, stridesOf } from './elements.ts';
import type { Evaluation } from './evaluation.ts';

/** The same elements under another shape. */
const reshaped: Evaluation = ({ inputs: [x], dims }) => ({ ...x!, dims });

function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

const numbers = (tensor: Tensor | undefined) => tensor && numbersOf(tensor);

/** Ops that move elements of constants and compute nothing. */
export const moveConstants: Readonly<Record<string, Evaluation>> = {
  Identity: reshaped,
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: ({ inputs: [x], attributes, dims }) => {
    const perm = intsAttribute(attributes, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis);
    const strides = stridesOf(x!.dims);
    const turned = perm.map((axis) => strides[axis]);
    return picked(x!, dims, (position) => offsetOf(position, turned));
  },
  Expand: ({ inputs: [x], dims }) => {
    const strides = repeatedStrides(x!.dims, dims);
    return picked(x!, dims, (position) => offsetOf(position, strides));
  },
  Slice: ({ inputs: [x, ...ranges], dims, fail }) => {
    const strides = stridesOf(x!.dims);
    const starts = x!.dims.map(() => 0);
    const steps = x!.dims.map(() => 1);
    for (const { axis, start, step } of sliceParts(x!.dims, ranges.map(numbers), fail)) {
      starts[axis] = start;
      steps[axis] = step;
    }
    return picked(x!, dims, (position) =>
      position.reduce((offset, at, axis) => offset + (starts[axis] + at * steps[axis]) * strides[axis], 0),
    );
  },
  Gather: ({ inputs: [x, indices], attributes, dims, fail }) => {
    const axis = axisOf(intAttribute(attributes, 'axis', 0), x!.dims.length);
    const size = x!.dims[axis];
    const at = numbersOf(indices!).map((index) => (index < 0 ? index + size : index));
    if (at.some((index) => index < 0 || index >= size)) fail(`an index is outside an axis of ${size}`);
    const strides = stridesOf(x!.dims);
    const rank = indices!.dims.length;
    const ofIndices = stridesOf(indices!.dims);
    return picked(x!, dims, (position) => {
      const index = at[offsetOf(position.slice(axis, axis + rank), ofIndices)];
      return offsetOf(position.toSpliced(axis, rank, index), strides);
    });
  },
  Concat: ({ inputs, attributes, dims }) => {
    const axis = axisOf(intAttribute(attributes, 'axis', 0), dims.length);
    const parts = inputs as readonly Tensor[];
    const rows = elementCount(dims.slice(0, axis));
    const joined = picked(parts[0], dims, () => -1);
    let start = 0;
    for (const { dims: own, data } of parts) {
      const width = elementCount(own.slice(axis));
      const whole = elementCount(dims.slice(axis));
      for (let row = 0; row < rows; row++) {
        (joined.data as Float32Array).set(
          data.subarray(row * width, (row + 1) * width) as Float32Array,
          row * whole + start,
        );
      }
      start += width;
    }
    return joined;
  },
  Pad: ({ inputs: [x, pads, value, axes], attributes, dims }) => {
    if (stringAttribute(attributes, 'mode', 'constant') !== 'constant') return undefined;
    const [before] = padsOf(dims.length, numbersOf(pads!), numbers(axes));
    const strides = stridesOf(x!.dims);
    const from = (position: readonly number[]) => {
      const at = position.map((each, axis) => each - before[axis]);
      return at.every((each, axis) => each >= 0 && each < x!.dims[axis]) ? offsetOf(at, strides) : -1;
    };
    return picked(x!, dims, from, value?.data[0]);
  },
};
