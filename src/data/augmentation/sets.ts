import type { AugmentationConfig } from './augmentations.ts';

/** Augmentations that go well together, from the weakest to the strongest set. */
export const AUGMENTATION_SETS: Readonly<Record<string, readonly AugmentationConfig[]>> = {
  none: [],
  light: [{ name: 'RandomFlip' }],
  standard: [{ name: 'RandomFlip' }, { name: 'RandomTranslation', pixels: 4 }],
  strong: [
    { name: 'RandomFlip' },
    { name: 'RandomTranslation', pixels: 4 },
    { name: 'RandAugment', operations: 2, magnitude: 9 },
    { name: 'RandomErasing', size: 8 },
  ],
};
