export type { Augmentation, Batch, Occasion } from './augmentation.ts';
export {
  type AugmentationConfig,
  augmentationFrom,
  augmentationNames,
  augmentationsFrom,
} from './augmentations.ts';
export { mirrorsSides } from './mirrors.ts';
export { AUGMENTATION_SETS } from './sets.ts';
export { augmentationText } from './text.ts';
