import type { CatalogueEntry } from '../catalogue.ts';
import { IMAGENET_NORMALIZATION } from './imagenet.ts';

/** Trained by filling in what was masked, then on labels. */
export const convnextv2Femto = {
  name: 'convnextv2-femto',
  title: 'ConvNeXt V2, femto',
  sources: [{ kind: 'hub', repository: 'Xenova/convnextv2-femto-1k-224', file: 'onnx/model.onnx' }],
  license: 'Apache-2.0',
  licenseNote: "timm's card of the same weights says CC-BY-NC-4.0: ask its authors before commercial use.",
  bytes: 21_000_000,
  parameters: 5_230_000,
  gmacs: 0.79,
  top1: 0.785,
  features: 384,
  size: 224,
  preprocessing: { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' },
  normalization: IMAGENET_NORMALIZATION,
  tried: false,
} as const satisfies CatalogueEntry;
