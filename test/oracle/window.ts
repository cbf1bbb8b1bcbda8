/** How a window slides over a plane: the arithmetic that convolution and pooling share. */
import { type Attributes, number, numbers, only, text } from './tensor.ts';

export interface Window {
  kernel: number[];
  strides: number[];
  dilations: number[];
  /** Padding before the first row and column. */
  begin: number[];
  /** Padding after the last row and column. */
  end: number[];
  /** Rows and columns of the output. */
  output: number[];
}

/** @param plane height and width of the input; @param kernel height and width of the window */
export function windowOver(attributes: Attributes, plane: number[], kernel: number[]): Window {
  if (plane.length !== 2 || kernel.length !== 2)
    throw new RangeError('the oracle slides windows in 2-D only');
  only(attributes, 'auto_pad', 'NOTSET', 'NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER');
  const autoPad = text(attributes, 'auto_pad', 'NOTSET');
  const strides = numbers(attributes, 'strides', [1, 1]);
  const dilations = numbers(attributes, 'dilations', [1, 1]);
  const pads = autoPad === 'NOTSET' ? numbers(attributes, 'pads', [0, 0, 0, 0]) : [0, 0, 0, 0];
  const begin = pads.slice(0, 2);
  const end = pads.slice(2);
  const ceil = number(attributes, 'ceil_mode', 0) === 1;

  const output = plane.map((size, i) => {
    const extent = (kernel[i] - 1) * dilations[i] + 1; // of the window, holes included
    if (autoPad.startsWith('SAME')) {
      const count = Math.ceil(size / strides[i]);
      const padding = Math.max(0, (count - 1) * strides[i] + extent - size);
      // The odd row of padding goes to the end with SAME_UPPER, to the beginning with SAME_LOWER.
      begin[i] = autoPad === 'SAME_UPPER' ? Math.floor(padding / 2) : Math.ceil(padding / 2);
      end[i] = padding - begin[i];
      return count;
    }
    const steps = (size + begin[i] + end[i] - extent) / strides[i];
    if (!ceil) return Math.floor(steps) + 1;
    const count = Math.ceil(steps) + 1;
    // Rounding up must not make a window that starts beyond the input, in the padding after it.
    return (count - 1) * strides[i] >= size + begin[i] ? count - 1 : count;
  });
  return { kernel, strides, dilations, begin, end, output };
}
