import type { Value } from '../onnx/index.ts';
import { activate } from './activations.ts';
import {
  biasOf,
  CONVOLUTION_OPTIONS,
  type ConvolutionOptions,
  channelsLast,
  checkConvolution,
  convolutionWindow,
} from './conv2d.ts';
import {
  type Activations,
  checkInitializer,
  type Initializer,
  imageShape,
  knownOptions,
  Layer,
  type LayerContext,
  pair,
  positive,
} from './layer.ts';
import { checkRegularizer, type Regularizer } from './regularizers.ts';

export interface DepthwiseOptions extends ConvolutionOptions {
  /** Kernels for each channel, so outputs for each. Default 1. */
  depthMultiplier?: number;
  depthwiseInitializer?: Initializer;
  /** A penalty on the kernels of the channels, such as `l2(1e-4)`. Default: none. */
  depthwiseRegularizer?: Regularizer;
}

/** Options of `DepthwiseConv2D`; names and defaults are Keras's. */
export type DepthwiseConv2DOptions = DepthwiseOptions;

/** A convolution of every channel by itself: (height, width, channels) to (height′, width′, channels · depthMultiplier). */
export class DepthwiseConv2D extends Layer<DepthwiseConv2DOptions> {
  readonly type = 'DepthwiseConv2D';

  constructor(options: DepthwiseConv2DOptions) {
    super(
      knownOptions('DepthwiseConv2D', options, [
        ...CONVOLUTION_OPTIONS,
        'depthMultiplier',
        'depthwiseInitializer',
        'depthwiseRegularizer',
      ]),
    );
    checkDepthwise('DepthwiseConv2D', options);
  }

  call(context: LayerContext, input: Activations): Activations {
    const { depthMultiplier = 1, useBias = true, activation = 'linear' } = this.options;
    const filters = imageShape(this.type, input)[2] * depthMultiplier;
    const kernel = depthwiseKernel(context, this, 'kernel', input);
    const bias = useBias ? biasOf(context.parameter, filters, this.options) : undefined;
    const y = depthwise(context, this, input, kernel, bias);
    return { value: activate(context.graph, activation, y), shape: channelsLast(y.shape) };
  }

  override multiplyAdds(_: Activations, { shape: [height, width, channels] }: Activations): number {
    const [kernelHeight, kernelWidth] = pair(this.type, 'kernelSize', this.options.kernelSize);
    return height * width * channels * kernelHeight * kernelWidth;
  }
}

type Depthwise = { readonly type: string; readonly options: DepthwiseOptions };

export function checkDepthwise(layer: string, options: DepthwiseOptions): void {
  checkConvolution(layer, options);
  positive(layer, 'depthMultiplier', options.depthMultiplier ?? 1);
  checkInitializer(options.depthwiseInitializer);
  checkRegularizer(layer, 'depthwiseRegularizer', options.depthwiseRegularizer);
}

export function depthwiseKernel(
  { parameter }: LayerContext,
  { type, options }: Depthwise,
  name: string,
  input: Activations,
): Value {
  const { depthMultiplier = 1, depthwiseInitializer = 'glorotUniform' } = options;
  const [, , channels] = imageShape(type, input);
  const kernel = pair(type, 'kernelSize', options.kernelSize);
  const shape = [...kernel, channels, depthMultiplier];
  return parameter({
    name,
    shape,
    // Keras (height, width, channels, multiplier) → ONNX (channels · multiplier, 1, height, width)
    layout: { dims: shape, perm: [2, 3, 0, 1] },
    graphShape: [channels * depthMultiplier, 1, ...kernel],
    initializer: depthwiseInitializer,
    decay: true,
    regularizer: options.depthwiseRegularizer,
  });
}

export function depthwise(
  { graph }: LayerContext,
  { type, options }: Depthwise,
  input: Activations,
  kernel: Value,
  bias?: Value,
): Value {
  const [height, width, channels] = imageShape(type, input);
  const window = convolutionWindow(type, options, [height, width]);
  return graph.op('Conv', [input.value, kernel, bias], { ...window, group: channels });
}
