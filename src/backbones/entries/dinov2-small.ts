import type { CatalogueEntry } from '../catalogue.ts';
import { IMAGENET_NORMALIZATION } from './imagenet.ts';

/** Trained without labels: features that transfer well to images unlike ImageNet's. */
export const dinov2Small = {
  name: 'dinov2-small',
  title: 'DINOv2, a small vision transformer trained without labels',
  sources: [{ kind: 'hub', repository: 'Xenova/dinov2-small', file: 'onnx/model.onnx' }],
  license: 'Apache-2.0',
  bytes: 88_500_000,
  parameters: 22_060_000,
  gmacs: 6.1,
  top1: 0.811,
  top1By: 'linear probe',
  features: 384,
  size: 224,
  preprocessing: { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' },
  normalization: IMAGENET_NORMALIZATION,
  tried: false,
} as const satisfies CatalogueEntry;
