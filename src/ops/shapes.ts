import { HarrierError } from '../errors.ts';
import { type Dimension, intAttribute, intsAttribute, type Shape, stringAttribute } from '../onnx/index.ts';
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
    else if (free === undefined) {
      const [, name, factor = '1'] = /^(.+?)(?:\*(\d+))?$/.exec(size) ?? [size, size];
      free = name;
      fixed *= Number(factor);
    } else return undefined;
  }
  if (fixed === 0) return 0;
  if (free === undefined) return fixed;
  return fixed === 1 ? free : `${free}*${fixed}`;
}

/** Attributes of a sliding window (Conv and pools) with their defaults, for two spatial axes or any number. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All starts, then all ends. NaN where padding is automatic and the size it follows is not fixed. */
  readonly pads: readonly number[];
  readonly ceil: boolean;
  /** Whether the output is to be ⌈size / stride⌉ long. */
  readonly same: boolean;
}

/**
 * Reads a window from a node's attributes.
 * @param kernel the kernel's spatial size
 * @throws HarrierError `bad-graph` when an attribute has another number of axes or is out of its range
 */
export function windowOf(
  attributes: InferContext['attributes'],
  kernel: readonly number[],
  spatial: Shape,
): Window {
  const ints = (name: string, otherwise: number, count: number, least: number): readonly number[] => {
    const values = intsAttribute(attributes, name) ?? Array.from({ length: count }, () => otherwise);
    if (values.length === count && values.every((value) => value >= least && Number.isSafeInteger(value)))
      return values;
    throw new HarrierError('bad-graph', `the attribute "${name}" does not fit its window`, {
      expected: `${count} numbers, each at least ${least}`,
      received: `[${values.join(', ')}]`,
    });
  };
  const rank = spatial.length;
  if (kernel.length !== rank || kernel.some((size) => !(size >= 1))) {
    throw new HarrierError('bad-graph', 'the window does not fit the image', {
      expected: `${rank} sizes, each at least 1`,
      received: `[${kernel.join(', ')}]`,
    });
  }
  const strides = ints('strides', 1, rank, 1);
  const dilations = ints('dilations', 1, rank, 1);
  const ceil = intAttribute(attributes, 'ceil_mode', 0) === 1;
  const automatic = stringAttribute(attributes, 'auto_pad', 'NOTSET');
  const same = automatic.startsWith('SAME');
  let pads = ints('pads', 0, 2 * rank, 0);
  if (automatic === 'VALID') pads = pads.map(() => 0);
  if (same) {
    const totals = kernel.map((size, i) => {
      const length = spatial[i];
      if (typeof length === 'number') return samePadding(length, size, strides[i], dilations[i]);
      // With steps of one, padding does not depend on the size.
      return strides[i] === 1 ? dilations[i] * (size - 1) : Number.NaN;
    });
    const small = totals.map((total) => Math.floor(total / 2));
    const large = totals.map((total, i) => total - small[i]);
    pads = automatic === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small];
  }
  return { kernel, strides, dilations, pads, ceil, same };
}

/** Padding that makes the output ⌈size / stride⌉ long. */
export function samePadding(size: number, kernel: number, stride: number, dilation: number): number {
  const extent = dilation * (kernel - 1) + 1;
  return Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
}

/** Output sizes of a sliding window over spatial sizes (ONNX Conv, MaxPool, AveragePool). */
export function windowedShape(node: InferContext, spatial: Shape, window: Window): Dimension[] {
  const { kernel, strides, dilations, pads, ceil, same } = window;
  return spatial.map((size, i) => {
    const stride = strides[i];
    if (same) return dividedSize(size, stride - 1, stride);
    const padding = pads[i] + pads[i + kernel.length];
    const extent = dilations[i] * (kernel[i] - 1) + 1;
    if (typeof size === 'string') {
      // ⌊(size + padding − extent) / stride⌋ + 1. With ceil_mode the last window may have to go, which depends on the size.
      if (!ceil) return dividedSize(size, padding - extent + stride, stride);
      const mayGo = pads[i + kernel.length] + stride > extent;
      const name = `pooled(${size},${kernel[i]},${stride},${dilations[i]},${pads[i]},${pads[i + kernel.length]})`;
      return mayGo ? name : dividedSize(size, padding - extent + 2 * stride - 1, stride);
    }
    const padded = size + padding;
    if (extent > padded) {
      return node.fail(`a window of ${extent} is larger than the ${padded} positions it slides over`);
    }
    const steps = (padded - extent) / stride;
    let count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // With ceil_mode, a window that would start in the end padding is left out.
    if (ceil && (count - 1) * stride >= size + pads[i]) count--;
    return count;
  });
}

/**
 * ⌊(size + added) / divisor⌋, also of a symbolic size: `H`, `H-2`, `floor((H+1)/4)`. Equal sizes get equal names, for
 * ⌊(⌊(H + a) / b⌋ + c) / d⌋ = ⌊(H + a + b · c) / (b · d)⌋.
 */
export function dividedSize(size: Dimension, added: number, divisor: number): Dimension {
  if (typeof size === 'number') return Math.floor((size + added) / divisor);
  const [, inner, innerAdded = '0', innerDivisor = '1'] = /^floor\(\(([^()]+?)([+-]\d+)?\)\/(\d+)\)$/.exec(
    size,
  ) ??
    /^([^()]+?)([+-]\d+)?$/.exec(size) ?? [size, size];
  const total = Number(innerAdded) + Number(innerDivisor) * added;
  const by = Number(innerDivisor) * divisor;
  const sum = total === 0 ? inner : `${inner}${total > 0 ? '+' : ''}${total}`;
  return by === 1 ? sum : `floor((${sum})/${by})`;
}
