import { activate } from './activations.ts';
import { biasOf, CONVOLUTION_OPTIONS, channelsLast } from './conv2d.ts';
import { checkDepthwise, type DepthwiseOptions, depthwise, depthwiseKernel } from './depthwise-conv2d.ts';
import {
  type Activations,
  checkInitializer,
  type Initializer,
  knownOptions,
  Layer,
  type LayerContext,
  pair,
  positive,
} from './layer.ts';
import { checkRegularizer, type Regularizer } from './regularizers.ts';

/** Options of `SeparableConv2D`; names and defaults are Keras's. */
export interface SeparableConv2DOptions extends DepthwiseOptions {
  /** Number of output channels. */
  filters: number;
  pointwiseInitializer?: Initializer;
  /** A penalty on the kernel that mixes channels. Default: none. */
  pointwiseRegularizer?: Regularizer;
}

/**
 * A convolution of every channel by itself, and then one of kernel size 1 that mixes channels: far fewer weights and
 * multiplications than Conv2D (Chollet, "Xception", 2017).
 */
export class SeparableConv2D extends Layer<SeparableConv2DOptions> {
  readonly type = 'SeparableConv2D';

  constructor(options: SeparableConv2DOptions) {
    super(
      knownOptions('SeparableConv2D', options, [
        ...CONVOLUTION_OPTIONS,
        'filters',
        'depthMultiplier',
        'depthwiseInitializer',
        'depthwiseRegularizer',
        'pointwiseInitializer',
        'pointwiseRegularizer',
      ]),
    );
    positive('SeparableConv2D', 'filters', options.filters);
    checkDepthwise('SeparableConv2D', options);
    checkInitializer(options.pointwiseInitializer);
    checkRegularizer('SeparableConv2D', 'pointwiseRegularizer', options.pointwiseRegularizer);
  }

  call(context: LayerContext, input: Activations): Activations {
    const { graph, parameter } = context;
    const { filters, useBias = true, activation = 'linear', pointwiseInitializer } = this.options;
    const kernel = depthwiseKernel(context, this, 'depthwise_kernel', input);
    const apart = depthwise(context, this, input, kernel);
    const channels = Number(apart.shape[1]);
    const shape = [1, 1, channels, filters];
    const pointwise = parameter({
      name: 'pointwise_kernel',
      shape,
      layout: { dims: shape, perm: [3, 2, 0, 1] },
      graphShape: [filters, channels, 1, 1],
      initializer: pointwiseInitializer ?? 'glorotUniform',
      decay: true,
      regularizer: this.options.pointwiseRegularizer,
    });
    const bias = useBias ? biasOf(parameter, filters, this.options) : undefined;
    const y = graph.op('Conv', [apart, pointwise, bias], { kernel_shape: [1, 1] });
    return { value: activate(graph, activation, y), shape: channelsLast(y.shape) };
  }

  override multiplyAdds({ shape: [, , channels] }: Activations, { shape }: Activations): number {
    const [kernelHeight, kernelWidth] = pair(this.type, 'kernelSize', this.options.kernelSize);
    const between = channels * (this.options.depthMultiplier ?? 1);
    return shape[0] * shape[1] * between * (kernelHeight * kernelWidth + this.options.filters);
  }
}
