import type { CatalogueEntry } from '../catalogue.ts';
import { IMAGENET_NORMALIZATION } from './imagenet.ts';

/** PaddlePaddle's, distilled from a large network, by way of timm. */
export const hgnetv2B0 = {
  name: 'hgnetv2-b0',
  title: 'PP-HGNetV2 B0, distilled: small and accurate',
  sources: [{ kind: 'hub', repository: 'deepghs/timms', file: 'hgnetv2_b0.ssld_stage2_ft_in1k/model.onnx' }],
  license: 'Apache-2.0',
  bytes: 24_000_000,
  parameters: 6_000_000,
  gmacs: 0.33,
  top1: 0.774,
  features: 2048,
  size: 224,
  preprocessing: { resize: 'crop', cropFraction: 0.965, interpolation: 'bicubic' },
  normalization: IMAGENET_NORMALIZATION,
  tried: false,
} as const satisfies CatalogueEntry;
