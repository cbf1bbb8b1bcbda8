import type { CatalogueEntry } from '../catalogue.ts';
import { IMAGENET_NORMALIZATION } from './imagenet.ts';

/** Half the time of EfficientNet-Lite0 for an image. */
export const mobilenetv4ConvSmall = {
  name: 'mobilenetv4-conv-small',
  title: 'MobileNetV4, small and convolutional: the fastest',
  sources: [
    {
      kind: 'hub',
      repository: 'onnx-community/mobilenetv4_conv_small.e2400_r224_in1k',
      file: 'onnx/model.onnx',
    },
  ],
  license: 'Apache-2.0',
  bytes: 15_100_000,
  parameters: 3_770_000,
  gmacs: 0.19,
  top1: 0.738,
  features: 1280,
  size: 224,
  preprocessing: { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' },
  normalization: IMAGENET_NORMALIZATION,
  tried: false,
} as const satisfies CatalogueEntry;
