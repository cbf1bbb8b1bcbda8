import type { Dimension, Shape } from '../onnx/index.ts';
import type { InferContext } from './definition.ts';

/** NumPy's broadcasting of several shapes; undefined where they don't fit. */
export function broadcastShapes(...shapes: Shape[]): Shape | undefined {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result: Dimension[] = [];
  for (let i = 0; i < rank; i++) {
    let size: Dimension = 1;
    for (const shape of shapes) {
      const other = shape[shape.length - rank + i] ?? 1;
      if (other === size || other === 1) continue;
      if (size === 1 || typeof size === 'string') size = other;
      else if (typeof other === 'number') return undefined;
    }
    result.push(size);
  }
  return result;
}

/** Broadcasting of all inputs of a node. */
export function broadcastInputs(node: InferContext): Shape {
  const shapes = Array.from({ length: node.inputCount }, (_, i) => node.shape(i));
  return broadcastShapes(...shapes) ?? node.fail('shapes cannot be broadcast to each other');
}

/** The product of sizes; the name of the free one where all others are 1; else undefined. */
export function product(sizes: Shape): Dimension | undefined {
  let fixed = 1;
  let free: string | undefined;
  for (const size of sizes) {
    if (typeof size === 'number') fixed *= size;
    else if (free === undefined) free = size;
    else return undefined;
  }
  if (free === undefined) return fixed;
  return fixed === 1 ? free : `${free}*${fixed}`;
}

/** Attributes of a sliding window (Conv and pools) with their defaults, for two spatial axes or any number. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All starts, then all ends. */
  readonly pads: readonly number[];
  readonly ceil: boolean;
}

/** Reads a window from a node's attributes; `kernel` is the kernel's spatial size. */
export function windowOf(
  attributes: InferContext['attributes'],
  kernel: readonly number[],
  spatial: Shape,
): Window {
  const ints = (name: string, otherwise: number): readonly number[] =>
    (attributes[name] as readonly number[] | undefined) ?? kernel.map(() => otherwise);
  const strides = ints('strides', 1);
  const dilations = ints('dilations', 1);
  const ceil = attributes.ceil_mode === 1;
  const automatic = (attributes.auto_pad as string | undefined) ?? 'NOTSET';
  let pads = (attributes.pads as readonly number[] | undefined) ?? [...kernel, ...kernel].map(() => 0);
  if (automatic === 'VALID') pads = pads.map(() => 0);
  if (automatic.startsWith('SAME')) {
    const before: number[] = [];
    const after: number[] = [];
    kernel.forEach((size, i) => {
      const total = samePadding(Number(spatial[i]), size, strides[i], dilations[i]);
      const small = Math.floor(total / 2);
      before.push(automatic === 'SAME_UPPER' ? small : total - small);
      after.push(automatic === 'SAME_UPPER' ? total - small : small);
    });
    pads = [...before, ...after];
  }
  return { kernel, strides, dilations, pads, ceil };
}

/** Cells of padding that make the output ⌈size / stride⌉ long. */
export function samePadding(size: number, kernel: number, stride: number, dilation: number): number {
  const extent = dilation * (kernel - 1) + 1;
  return Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
}

/** Output sizes of a sliding window over spatial sizes (ONNX Conv, MaxPool, AveragePool). */
export function windowedShape(node: InferContext, spatial: Shape, window: Window): Dimension[] {
  const { kernel, strides, dilations, pads, ceil } = window;
  return spatial.map((size, i) => {
    if (typeof size === 'string') return `${node.attributes.name ?? 'window'}_${size}_${i}`;
    const padded = size + pads[i] + pads[i + kernel.length];
    const extent = dilations[i] * (kernel[i] - 1) + 1;
    if (extent > padded) {
      return node.fail(`a window of ${extent} is larger than the ${padded} cells it slides over`);
    }
    const steps = (padded - extent) / strides[i];
    let count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // With ceil_mode, a window that would start in the end padding is left out.
    if (ceil && (count - 1) * strides[i] >= size + pads[i]) count--;
    return count;
  });
}
