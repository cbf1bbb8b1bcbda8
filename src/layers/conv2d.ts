import { HarrierError } from '../errors.ts';
import { samePadding } from '../ops/index.ts';
import { type ActivationName, activate, checkActivation } from './activations.ts';
import {
  type Activations,
  checkInitializer,
  flag,
  type Initializer,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  pair,
  pictureShape,
  positive,
} from './layer.ts';

export interface Conv2DOptions extends LayerOptions {
  /** Number of output channels. */
  filters: number;
  /** Height and width of the kernel. */
  kernelSize: number | readonly [number, number];
  strides?: number | readonly [number, number];
  /** `valid`: none; `same`: as much as gives ⌈size / stride⌉. */
  padding?: 'valid' | 'same';
  dilationRate?: number | readonly [number, number];
  groups?: number;
  activation?: ActivationName;
  useBias?: boolean;
  kernelInitializer?: Initializer;
}

/** Two-dimensional convolution: (height, width, channels) to (height′, width′, filters). */
export class Conv2D extends Layer<Conv2DOptions> {
  readonly type = 'Conv2D';

  constructor(options: Conv2DOptions) {
    super(
      knownOptions('Conv2D', options, [
        'filters',
        'kernelSize',
        'strides',
        'padding',
        'dilationRate',
        'groups',
        'activation',
        'useBias',
        'kernelInitializer',
      ]),
    );
    positive('Conv2D', 'filters', options.filters);
    pair('Conv2D', 'kernelSize', options.kernelSize);
    pair('Conv2D', 'strides', options.strides ?? 1);
    pair('Conv2D', 'dilationRate', options.dilationRate ?? 1);
    positive('Conv2D', 'groups', options.groups ?? 1);
    checkActivation(options.activation ?? 'linear');
    checkPadding('Conv2D', options.padding);
    flag('Conv2D', 'useBias', options.useBias);
    checkInitializer(options.kernelInitializer);
  }

  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const { filters, groups = 1, useBias = true, activation = 'linear' } = this.options;
    const [height, width, channels] = pictureShape('Conv2D', input);
    const kernel = pair('Conv2D', 'kernelSize', this.options.kernelSize);
    const strides = pair('Conv2D', 'strides', this.options.strides ?? 1);
    const dilations = pair('Conv2D', 'dilationRate', this.options.dilationRate ?? 1);
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
    });
    const bias = useBias ? parameter({ name: 'bias', shape: [filters], initializer: 'zeros' }) : undefined;
    const y = graph.op('Conv', [input.value, weight, bias], {
      kernel_shape: kernel,
      strides,
      dilations,
      group: groups,
      pads: padsFor(this.options.padding ?? 'valid', [height, width], kernel, strides, dilations),
    });
    return { value: activate(graph, activation, y), shape: channelsLast(y.shape) };
  }

  override multiplyAdds(input: Activations, { shape }: Activations): number {
    const [kernelHeight, kernelWidth] = pair('Conv2D', 'kernelSize', this.options.kernelSize);
    const perOutput = (kernelHeight * kernelWidth * input.shape[2]) / (this.options.groups ?? 1);
    return perOutput * shape[0] * shape[1] * shape[2];
  }
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
