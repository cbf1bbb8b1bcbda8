/** Pooling over images [N, C, H, W], and the inverse of max pooling. */
import {
  filled,
  integers,
  number,
  numbers,
  type OracleOp,
  type OracleTensor,
  offsetOf,
  only,
  required,
} from './tensor.ts';
import { type Window, windowOver } from './window.ts';

interface Cell {
  /** Offset of the plane's element in x, or −1 where the window's cell lies in the padding. */
  offset: number;
}

/**
 * Visits every window of a pool. The cells handed over are those inside the input or its padding; what a window
 * of ceil_mode covers beyond the padding does not exist and is not handed over.
 */
function pool(x: OracleTensor, slide: Window, visit: (cells: Cell[], output: number) => void): number[] {
  const [batch, channels, height, width] = x.dims;
  const dims = [batch, channels, ...slide.output];
  let output = 0;
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let oh = 0; oh < dims[2]; oh++)
        for (let ow = 0; ow < dims[3]; ow++) {
          const cells: Cell[] = [];
          for (let kh = 0; kh < slide.kernel[0]; kh++)
            for (let kw = 0; kw < slide.kernel[1]; kw++) {
              const h = oh * slide.strides[0] - slide.begin[0] + kh * slide.dilations[0];
              const v = ow * slide.strides[1] - slide.begin[1] + kw * slide.dilations[1];
              if (h >= height + slide.end[0] || v >= width + slide.end[1]) continue;
              const inside = h >= 0 && h < height && v >= 0 && v < width;
              cells.push({ offset: inside ? offsetOf([n, c, h, v], x.dims) : -1 });
            }
          visit(cells, output++);
        }
  return dims;
}

/** Padding never wins. Of equal maxima the first in row-major order gives the index, into x flattened whole. */
const maxPool: OracleOp = (inputs, attributes) => {
  only(attributes, 'storage_order', 0, 0);
  const x = required(inputs, 0);
  const slide = windowOver(attributes, x.dims.slice(2), numbers(attributes, 'kernel_shape'));
  const values: number[] = [];
  const indices: number[] = [];
  const dims = pool(x, slide, (cells, output) => {
    values[output] = Number.NEGATIVE_INFINITY;
    indices[output] = -1;
    for (const { offset } of cells)
      if (offset >= 0 && (indices[output] < 0 || x.data[offset] > values[output])) {
        values[output] = x.data[offset];
        indices[output] = offset;
      }
  });
  return [
    { dims, data: Float64Array.from(values) },
    { dims, data: Float64Array.from(indices) },
  ];
};

/** With count_include_pad the padding's zeros count in the mean; without, only what lies inside the input. */
const averagePool: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const slide = windowOver(attributes, x.dims.slice(2), numbers(attributes, 'kernel_shape'));
  const includePadding = number(attributes, 'count_include_pad', 0) !== 0;
  const values: number[] = [];
  const dims = pool(x, slide, (cells, output) => {
    const inside = cells.filter(({ offset }) => offset >= 0);
    const sum = inside.reduce((total, { offset }) => total + x.data[offset], 0);
    values[output] = sum / (includePadding ? cells : inside).length;
  });
  return [{ dims, data: Float64Array.from(values) }];
};

/** One number for each plane, [N, C, …] to [N, C, 1, …]. */
const globalPool =
  (f: (plane: Float64Array) => number): OracleOp =>
  (inputs) => {
    const x = required(inputs, 0);
    const dims = x.dims.map((dim, axis) => (axis < 2 ? dim : 1));
    const planes = dims[0] * dims[1];
    const plane = x.data.length / planes;
    const data = Float64Array.from({ length: planes }, (_, i) =>
      f(x.data.subarray(i * plane, (i + 1) * plane)),
    );
    return [{ dims, data }];
  };

/**
 * Puts x's elements at their indices into zeros; an index counts in the flattened output, as MaxPool's index output
 * counts in its flattened input. An index that occurs twice (overlapping windows) keeps the last: nothing is added.
 */
const maxUnpool: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const indices = required(inputs, 1);
  const kernel = numbers(attributes, 'kernel_shape');
  const strides = numbers(
    attributes,
    'strides',
    kernel.map(() => 1),
  );
  const pads = numbers(
    attributes,
    'pads',
    kernel.flatMap(() => [0, 0]),
  );
  const plane = kernel.map(
    (size, i) => (x.dims[2 + i] - 1) * strides[i] + size - pads[i] - pads[kernel.length + i],
  );
  const y = filled(integers(inputs[2]) ?? [...x.dims.slice(0, 2), ...plane], 0);
  x.data.forEach((value, i) => {
    y.data[indices.data[i]] = value;
  });
  return [y];
};

export const pooling: Record<string, OracleOp> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalMaxPool: globalPool((plane) => Math.max(...plane)),
  GlobalAveragePool: globalPool((plane) => plane.reduce((sum, value) => sum + value, 0) / plane.length),
  MaxUnpool: maxUnpool,
};
