import { unknownName } from '../../errors.ts';
import { badOption } from '../../options/values.ts';
import type { Augmentation } from './augmentation.ts';
import { type CutMixConfig, cutMix } from './cut-mix.ts';
import { type MixUpConfig, mixUp } from './mix-up.ts';
import { type RandAugmentConfig, randAugment } from './rand-augment.ts';
import { type RandomColorJitterConfig, randomColorJitter } from './random-color-jitter.ts';
import { type RandomErasingConfig, randomErasing } from './random-erasing.ts';
import { type RandomFlipConfig, randomFlip } from './random-flip.ts';
import { type RandomResizedCropConfig, randomResizedCrop } from './random-resized-crop.ts';
import { type RandomRotationConfig, randomRotation } from './random-rotation.ts';
import { type RandomTranslationConfig, randomTranslation } from './random-translation.ts';
import { type RandomZoomConfig, randomZoom } from './random-zoom.ts';

const AUGMENTATIONS = {
  RandomFlip: randomFlip,
  RandomTranslation: randomTranslation,
  RandomErasing: randomErasing,
  RandomColorJitter: randomColorJitter,
  RandomRotation: randomRotation,
  RandomZoom: randomZoom,
  RandomResizedCrop: randomResizedCrop,
  RandAugment: randAugment,
  MixUp: mixUp,
  CutMix: cutMix,
} as const;

/** An augmentation's name and options, plain and storable: `{ name: 'RandomTranslation', pixels: 2 }`. */
export type AugmentationConfig =
  | RandomFlipConfig
  | RandomTranslationConfig
  | RandomErasingConfig
  | RandomColorJitterConfig
  | RandomRotationConfig
  | RandomZoomConfig
  | RandomResizedCropConfig
  | RandAugmentConfig
  | MixUpConfig
  | CutMixConfig;

/** The names of all augmentations. */
export const augmentationNames: readonly string[] = Object.keys(AUGMENTATIONS);

/** @throws HarrierError `bad-option` for an unknown name, an unknown option or a value that makes no sense */
export function augmentationFrom(config: AugmentationConfig): Augmentation {
  if (typeof config !== 'object' || config === null) {
    throw badOption('augmentation', 'configuration', '{ name, …options }', config);
  }
  const { name, ...options } = config;
  if (!Object.hasOwn(AUGMENTATIONS, name)) throw unknownName('augmentation', String(name), augmentationNames);
  return AUGMENTATIONS[name](options as never);
}

/** A list of augmentations as one, each applied to what the one before it gives. @throws HarrierError `bad-option` */
export function augmentationsFrom(configs: readonly AugmentationConfig[]): Augmentation['apply'] {
  if (!Array.isArray(configs)) throw badOption('augmentation', 'list', '[{ name, …options }, …]', configs);
  const all = configs.map(augmentationFrom);
  return (batch, occasion) => {
    all.forEach(({ config, apply }, place) => {
      apply(batch, { ...occasion, purpose: `${occasion.purpose}/${place}/${config.name}` });
    });
  };
}
