import { HarrierError } from '../errors.ts';
import { channelsLast } from './conv2d.ts';
import {
  type Activations,
  imageShape,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  positive,
} from './layer.ts';

/** Options of `PatchWhitening2D`. */
export interface PatchWhitening2DOptions extends LayerOptions {
  /** Side of the square patches. Default 2. */
  kernelSize?: number;
}

/**
 * A first convolution that decorrelates the pixels of small patches: its filters are the principal directions of the
 * training images' patches, each over its standard deviation, and their negatives. They are found when training
 * begins and stay; the offsets are learnt. (height, width, channels) to (height − k + 1, width − k + 1, 2·channels·k²).
 *
 * From Page's DAWNBench entry ("How to train your ResNet", 2018) by way of airbench (Jordan, "94% on CIFAR-10 in 3.29
 * seconds on a single GPU", 2024).
 */
export class PatchWhitening2D extends Layer<PatchWhitening2DOptions> {
  readonly type = 'PatchWhitening2D';

  constructor(options: PatchWhitening2DOptions = {}) {
    super(knownOptions('PatchWhitening2D', options, ['kernelSize']));
    positive('PatchWhitening2D', 'kernelSize', options.kernelSize ?? 2);
  }

  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const { kernelSize: size = 2 } = this.options;
    const [height, width, channels] = imageShape(this.type, input);
    if (size > Math.min(height, width)) {
      throw new HarrierError('bad-shape', 'the patches are larger than the images', {
        expected: `kernelSize of at most ${Math.min(height, width)}`,
        received: `${size}`,
      });
    }
    const filters = 2 * channels * size * size;
    const shape = [size, size, channels, filters];
    const kernel = parameter({
      name: 'kernel',
      shape,
      layout: { dims: shape, perm: [3, 2, 0, 1] },
      graphShape: [filters, channels, size, size],
      initializer: 'patchWhitening',
      trainable: false,
    });
    const bias = parameter({ name: 'bias', shape: [filters], initializer: 'zeros' });
    const y = graph.op('Conv', [input.value, kernel, bias], { kernel_shape: [size, size] });
    return { value: y, shape: channelsLast(y.shape) };
  }

  override multiplyAdds(input: Activations, { shape }: Activations): number {
    const { kernelSize: size = 2 } = this.options;
    return size * size * input.shape[2] * shape[0] * shape[1] * shape[2];
  }
}
