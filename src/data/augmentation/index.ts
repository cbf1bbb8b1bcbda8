export type { Augmentation, Batch, Occasion } from './augmentation.ts';
export {
  type AugmentationConfig,
  augmentationFrom,
  augmentationNames,
  augmentationsFrom,
} from './augmentations.ts';
export { AUGMENTATION_SETS } from './sets.ts';
export { augmentationText } from './text.ts';
