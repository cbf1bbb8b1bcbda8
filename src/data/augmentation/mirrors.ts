import type { AugmentationConfig } from './augmentations.ts';

/** Whether images are shown mirrored left to right too: upside down is another change. */
export function mirrorsSides(augmentation: readonly AugmentationConfig[] = []): boolean {
  return augmentation.some((each) => each.name === 'RandomFlip' && each.mode !== 'vertical');
}
