import type { CatalogueEntry } from '../catalogue.ts';
import { IMAGENET_NORMALIZATION } from './imagenet.ts';

/** PaddlePaddle's, distilled from a large network, by way of timm. */
export const hgnetv2B2 = {
  name: 'hgnetv2-b2',
  title: 'PP-HGNetV2 B2, distilled: the most accurate here',
  sources: [{ kind: 'hub', repository: 'deepghs/timms', file: 'hgnetv2_b2.ssld_stage2_ft_in1k/model.onnx' }],
  license: 'Apache-2.0',
  bytes: 45_000_000,
  parameters: 11_200_000,
  gmacs: 1.15,
  top1: 0.816,
  features: 2048,
  size: 224,
  preprocessing: { resize: 'crop', cropFraction: 0.965, interpolation: 'bicubic' },
  normalization: IMAGENET_NORMALIZATION,
  tried: false,
} as const satisfies CatalogueEntry;
