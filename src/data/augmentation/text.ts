import { type AugmentationConfig, augmentationFrom } from './augmentations.ts';

/** Augmentations for people: `RandomFlip alternating, RandomTranslation 2 reflect`. Options that are 0 go unmentioned. */
export function augmentationText(configs: readonly AugmentationConfig[]): string {
  return configs
    .map((config) => {
      const { name, ...options } = augmentationFrom(config).config;
      return [name, ...Object.values(options).filter((value) => value !== 0)].join(' ');
    })
    .join(', ');
}
