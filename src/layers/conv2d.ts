import { HarrierError } from '../errors.ts';
import type { Value } from '../onnx/index.ts';
import { samePadding } from '../ops/index.ts';
import { type ActivationName, activate, checkActivation } from './activations.ts';
import {
  type Activations,
  checkInitializer,
  flag,
  type Initializer,
  imageShape,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  pair,
  positive,
} from './layer.ts';
import { checkRegularizer, type Regularizer } from './regularizers.ts';

/** Options that all convolutions have. */
export interface ConvolutionOptions extends LayerOptions {
  /** Height and width of the kernel. */
  kernelSize: number | readonly [number, number];
  strides?: number | readonly [number, number];
  /** `valid`: none; `same`: as much as gives ⌈size / stride⌉. */
  padding?: 'valid' | 'same';
  dilationRate?: number | readonly [number, number];
  activation?: ActivationName;
  useBias?: boolean;
  /** A penalty on the biases, such as `l2(1e-4)`. Default: none. */
  biasRegularizer?: Regularizer;
}

export const CONVOLUTION_OPTIONS = [
  'kernelSize',
  'strides',
  'padding',
  'dilationRate',
  'activation',
  'useBias',
  'biasRegularizer',
] as const satisfies (keyof ConvolutionOptions)[];

/** Options of `Conv2D`; names and defaults are Keras's. */
export interface Conv2DOptions extends ConvolutionOptions {
  /** Number of output channels. */
  filters: number;
  groups?: number;
  kernelInitializer?: Initializer;
  /** A penalty on the kernel, such as `l2(1e-4)`. Default: none. */
  kernelRegularizer?: Regularizer;
}

/** Two-dimensional convolution: (height, width, channels) to (height′, width′, filters). */
export class Conv2D extends Layer<Conv2DOptions> {
  readonly type = 'Conv2D';

  constructor(options: Conv2DOptions) {
    super(
      knownOptions('Conv2D', options, [
        'filters',
        ...CONVOLUTION_OPTIONS,
        'groups',
        'kernelInitializer',
        'kernelRegularizer',
      ]),
    );
    positive('Conv2D', 'filters', options.filters);
    checkConvolution('Conv2D', options);
    positive('Conv2D', 'groups', options.groups ?? 1);
    checkInitializer(options.kernelInitializer);
    checkRegularizer('Conv2D', 'kernelRegularizer', options.kernelRegularizer);
  }

  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const { filters, groups = 1, useBias = true, activation = 'linear' } = this.options;
    const [height, width, channels] = imageShape('Conv2D', input);
    const window = convolutionWindow('Conv2D', this.options, [height, width]);
    const kernel = window.kernel_shape;
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw new HarrierError(
        'bad-shape',
        `${channels} channels and ${filters} filters must both divide by groups`,
        {
          received: `groups ${groups}`,
        },
      );
    }
    const shape = [...kernel, channels / groups, filters];
    const weight = parameter({
      name: 'kernel',
      shape,
      // Keras (height, width, in, out) → ONNX (out, in, height, width)
      layout: { dims: shape, perm: [3, 2, 0, 1] },
      graphShape: [filters, channels / groups, ...kernel],
      initializer: this.options.kernelInitializer ?? 'glorotUniform',
      decay: true,
      regularizer: this.options.kernelRegularizer,
    });
    const bias = useBias ? biasOf(parameter, filters, this.options) : undefined;
    const y = graph.op('Conv', [input.value, weight, bias], { ...window, group: groups });
    return { value: activate(graph, activation, y), shape: channelsLast(y.shape) };
  }

  override multiplyAdds(input: Activations, { shape }: Activations): number {
    const [kernelHeight, kernelWidth] = pair('Conv2D', 'kernelSize', this.options.kernelSize);
    const perOutput = (kernelHeight * kernelWidth * input.shape[2]) / (this.options.groups ?? 1);
    return perOutput * shape[0] * shape[1] * shape[2];
  }
}

export function checkConvolution(layer: string, options: ConvolutionOptions): void {
  pair(layer, 'kernelSize', options.kernelSize);
  pair(layer, 'strides', options.strides ?? 1);
  pair(layer, 'dilationRate', options.dilationRate ?? 1);
  checkActivation(options.activation ?? 'linear');
  checkPadding(layer, options.padding);
  flag(layer, 'useBias', options.useBias);
  checkRegularizer(layer, 'biasRegularizer', options.biasRegularizer);
}

/** The biases of a layer, one for each output. */
export function biasOf(
  parameter: LayerContext['parameter'],
  outputs: number,
  { biasRegularizer }: { readonly biasRegularizer?: Regularizer },
): Value {
  return parameter({ name: 'bias', shape: [outputs], initializer: 'zeros', regularizer: biasRegularizer });
}

/** The attributes of ONNX's Conv that say where its windows lie, for images of given height and width. */
export function convolutionWindow(layer: string, options: ConvolutionOptions, sizes: readonly number[]) {
  const kernel = pair(layer, 'kernelSize', options.kernelSize);
  const strides = pair(layer, 'strides', options.strides ?? 1);
  const dilations = pair(layer, 'dilationRate', options.dilationRate ?? 1);
  const pads = padsFor(options.padding ?? 'valid', sizes, kernel, strides, dilations);
  return { kernel_shape: kernel, strides, dilations, pads };
}

/** ONNX's pads (starts, then ends) for Keras's `padding`. */
export function padsFor(
  padding: 'valid' | 'same',
  sizes: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): number[] {
  if (padding === 'valid') return [0, 0, 0, 0];
  const total = sizes.map((size, i) => samePadding(size, kernel[i], strides[i], dilations[i]));
  return [...total.map((cells) => Math.floor(cells / 2)), ...total.map((cells) => Math.ceil(cells / 2))];
}

export function checkPadding(layer: string, padding: string | undefined): void {
  if (padding === undefined || padding === 'valid' || padding === 'same') return;
  throw new HarrierError('bad-option', 'padding', {
    where: layer,
    expected: '"valid" or "same"',
    received: `"${padding}"`,
  });
}

/** (N, C, H, W) as users see it: (H, W, C). */
export function channelsLast(shape: readonly (number | string)[]): number[] {
  const [, channels, height, width] = shape;
  return [height, width, channels].map(Number);
}
