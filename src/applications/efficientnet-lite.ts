import type { Preprocessing } from '../data/preprocessing.ts';
import { HarrierError, unknownName } from '../errors.ts';
import {
  Activation,
  Add,
  BatchNormalization,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  GlobalAveragePooling2D,
  Input,
  type SymbolicTensor,
} from '../layers/index.ts';
import { Network, type Normalization } from '../models/index.ts';

/** Multipliers of channels and of blocks, the side of the images, and the rate of dropout before the last layer. */
const VARIANTS = {
  lite0: { width: 1, depth: 1, side: 224, dropout: 0.2 },
  lite1: { width: 1, depth: 1.1, side: 240, dropout: 0.2 },
  lite2: { width: 1.1, depth: 1.2, side: 260, dropout: 0.3 },
  lite3: { width: 1.2, depth: 1.4, side: 280, dropout: 0.3 },
  lite4: { width: 1.4, depth: 1.8, side: 300, dropout: 0.3 },
} as const;

/** A size of EfficientNet-Lite. */
export type EfficientNetLiteVariant = keyof typeof VARIANTS;

/** Every size of EfficientNet-Lite, small to large. */
export const EFFICIENTNET_LITE_VARIANTS = Object.keys(VARIANTS) as EfficientNetLiteVariant[];

/** The stages of EfficientNet-B0 (Tan and Le, 2019, table 1): blocks, kernel, stride, expansion, output channels. */
const STAGES = [
  { blocks: 1, kernel: 3, stride: 1, expansion: 1, channels: 16 },
  { blocks: 2, kernel: 3, stride: 2, expansion: 6, channels: 24 },
  { blocks: 2, kernel: 5, stride: 2, expansion: 6, channels: 40 },
  { blocks: 3, kernel: 3, stride: 2, expansion: 6, channels: 80 },
  { blocks: 3, kernel: 5, stride: 1, expansion: 6, channels: 112 },
  { blocks: 4, kernel: 5, stride: 2, expansion: 6, channels: 192 },
  { blocks: 1, kernel: 3, stride: 1, expansion: 6, channels: 320 },
] as const;

/** Channels after the first convolution and before global pooling: the same in all variants. */
const STEM_CHANNELS = 32;
const TOP_CHANNELS = 1280;

/** Pixels as the published weights want them: (pixel − 127) / 128. */
export const EFFICIENTNET_LITE_NORMALIZATION: Normalization = {
  mean: [127, 127, 127],
  deviation: [128, 128, 128],
};

/** How they want their images: the middle, of a scaled image whose shorter side is an eighth longer. */
export const EFFICIENTNET_LITE_PREPROCESSING: Preprocessing = {
  resize: 'crop',
  cropFraction: 0.875,
  interpolation: 'bicubic',
};

/** Options of `EfficientNetLite`. */
export interface EfficientNetLiteOptions {
  /** Default `lite0`. */
  readonly variant?: EfficientNetLiteVariant;
  /** Outputs of the last layer. Default 1,000: ImageNet's classes. */
  readonly classes?: number;
  /** Height, width and 3 channels. Default: the variant's own size, 224 to 300 pixels. */
  readonly inputShape?: readonly [number, number, number];
}

/**
 * EfficientNet-Lite (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite): EfficientNet
 * without squeeze-and-excitation and with ReLU6, made for phones. Layers have the names of Keras's EfficientNet; the
 * last one, `predictions`, gives scores before softmax.
 *
 * @throws HarrierError `bad-option` for a variant that there is not, or a number of classes or a shape that cannot be
 */
export function EfficientNetLite({
  variant = 'lite0',
  classes = 1000,
  inputShape,
}: EfficientNetLiteOptions = {}): Network {
  if (!Object.hasOwn(VARIANTS, variant)) {
    throw unknownName('variant of EfficientNetLite', `${variant}`, EFFICIENTNET_LITE_VARIANTS);
  }
  if (!Number.isInteger(classes) || classes < 1) {
    throw new HarrierError('bad-option', 'classes', {
      where: 'EfficientNetLite',
      expected: 'a whole number from 1',
      received: `${classes}`,
    });
  }
  const { width, depth, side, dropout } = VARIANTS[variant];
  const image = new Input({ shape: inputShape ?? [side, side, 3] });
  let x = image.through(
    convolution('stem_conv', STEM_CHANNELS, 3, 2),
    normalization('stem_bn'),
    relu6('stem_activation'),
  );
  for (const [i, stage] of STAGES.entries()) {
    const channels = scaledChannels(stage.channels, width);
    // The first and the last stage keep their one block in all variants.
    const isFixed = i === 0 || i === STAGES.length - 1;
    const blocks = isFixed ? stage.blocks : Math.ceil(stage.blocks * depth);
    for (let block = 0; block < blocks; block++) {
      x = invertedResidual(x, `block${i + 1}${String.fromCharCode(97 + block)}`, {
        ...stage,
        channels,
        stride: block === 0 ? stage.stride : 1,
      });
    }
  }
  const outputs = x.through(
    convolution('top_conv', TOP_CHANNELS, 1),
    normalization('top_bn'),
    relu6('top_activation'),
    new GlobalAveragePooling2D({ name: 'avg_pool' }),
    new Dropout({ rate: dropout, name: 'top_dropout' }),
    new Dense({ units: classes, name: 'predictions' }),
  );
  return new Network({
    name: `efficientnet-${variant}`,
    inputs: image,
    outputs,
    normalization: EFFICIENTNET_LITE_NORMALIZATION,
  });
}

/** Widen, filter each channel by itself, narrow (Sandler et al., 2018); its input is added where the shapes agree. */
function invertedResidual(
  input: SymbolicTensor,
  name: string,
  block: { kernel: number; stride: number; expansion: number; channels: number },
): SymbolicTensor {
  const inputs = input.shape[2];
  const wide =
    block.expansion === 1
      ? input
      : input.through(
          convolution(`${name}_expand_conv`, inputs * block.expansion, 1),
          normalization(`${name}_expand_bn`),
          relu6(`${name}_expand_activation`),
        );
  const output = wide.through(
    new DepthwiseConv2D({
      kernelSize: block.kernel,
      strides: block.stride,
      padding: 'same',
      useBias: false,
      depthwiseInitializer: 'heNormal',
      name: `${name}_dwconv`,
    }),
    normalization(`${name}_bn`),
    relu6(`${name}_activation`),
    convolution(`${name}_project_conv`, block.channels, 1),
    normalization(`${name}_project_bn`),
  );
  const isResidual = block.stride === 1 && inputs === block.channels;
  return isResidual ? new Add({ name: `${name}_add` }).apply([output, input]) : output;
}

function convolution(name: string, filters: number, kernelSize: number, strides = 1): Conv2D {
  return new Conv2D({
    filters,
    kernelSize,
    strides,
    padding: 'same',
    useBias: false,
    kernelInitializer: 'heNormal',
    name,
  });
}

const normalization = (name: string) => new BatchNormalization({ epsilon: 1e-3, name });
const relu6 = (name: string) => new Activation({ activation: 'relu6', name });

/** A multiple of 8 near the scaled number, and never more than a tenth below it. */
function scaledChannels(channels: number, width: number): number {
  const scaled = channels * width;
  const rounded = Math.max(8, Math.floor((scaled + 4) / 8) * 8);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}
