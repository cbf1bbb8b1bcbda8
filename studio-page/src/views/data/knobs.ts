import { AUGMENTATION_SETS, type AugmentationConfig } from 'harrier/src/data/augmentation/index.ts';

/** A change that can be turned on, and how strong it may be. */
export interface Knob {
  /** As `--augment` has it. */
  readonly word: string;
  readonly label: string;
  readonly start: number;
  readonly minimum: number;
  /** Undefined: there is nothing to turn. */
  readonly maximum?: number;
  readonly step: number;
  readonly format: (value: number) => string;
}

/** The strength of each change that is on, by its word; undefined is off. */
export type Settings = Readonly<Record<string, number | undefined>>;

const knob = (
  word: string,
  label: string,
  [start, minimum, maximum, step]: readonly [number, number, number, number],
  format: (value: number) => string = String,
): Knob => ({ word, label, start, minimum, maximum, step, format });

const toggle = (word: string, label: string): Knob => ({
  word,
  label,
  start: 1,
  minimum: 1,
  step: 1,
  format: String,
});

/** In the order in which they are applied. */
export const KNOBS: readonly Knob[] = [
  toggle('flip', 'Mirrored, left to right'),
  toggle('flip-vertical', 'Upside down'),
  knob('translation', 'Moved', [4, 1, 16, 1], (pixels) => `up to ${pixels} pixels`),
  knob('rotation', 'Turned', [10, 1, 180, 1], (degrees) => `up to ${degrees}°`),
  knob(
    'crop',
    'A part of the image',
    [0.35, 0.1, 1, 0.05],
    (part) => `${Math.round(100 * part)}% of it or more`,
  ),
  knob('zoom', 'Nearer or further', [0.1, 0.05, 1, 0.05], (factor) => `up to ${Math.round(100 * factor)}%`),
  knob('color', 'Light and colour', [0.2, 0.05, 1, 0.05], (by) => `up to ${Math.round(100 * by)}%`),
  knob(
    'randaugment',
    'Two of 14 changes (RandAugment)',
    [9, 0, 30, 1],
    (magnitude) => `strength ${magnitude} of 30`,
  ),
  knob('cutout', 'A square painted over', [8, 1, 32, 1], (size) => `${size} pixels`),
  knob('mixup', 'Blended with another (MixUp)', [0.2, 0.1, 2, 0.1], (alpha) => `alpha ${alpha}`),
  knob('cutmix', 'A part of another (CutMix)', [1, 0.1, 2, 0.1], (alpha) => `alpha ${alpha}`),
];

/** Sets with a name. */
export const SETS: readonly { readonly words: string; readonly label: string }[] = Object.keys(
  AUGMENTATION_SETS,
).map((words) => ({
  words,
  label: words === 'none' ? 'None' : `${words[0].toUpperCase()}${words.slice(1)}`,
}));

/** As `--augment` has it. */
export function wordsOf(settings: Settings): string {
  return KNOBS.filter(({ word }) => settings[word] !== undefined)
    .map(({ word, start, maximum }) =>
      maximum === undefined || settings[word] === start ? word : `${word}=${settings[word]}`,
    )
    .join(',');
}

/** Which knobs stand where for a list of augmentations, as far as they can say it. */
export function settingsOf(configs: readonly AugmentationConfig[]): Settings {
  const settings: Record<string, number> = {};
  for (const config of configs) {
    switch (config.name) {
      case 'RandomFlip':
        settings[config.mode === 'vertical' ? 'flip-vertical' : 'flip'] = 1;
        break;
      case 'RandomTranslation':
        settings.translation = config.pixels;
        break;
      case 'RandomRotation':
        settings.rotation = config.degrees;
        break;
      case 'RandomZoom':
        settings.zoom = config.factor;
        break;
      case 'RandomResizedCrop':
        settings.crop = config.smallest;
        break;
      case 'RandomColorJitter':
        settings.color = config.brightness ?? 0;
        break;
      case 'RandAugment':
        settings.randaugment = config.magnitude ?? 9;
        break;
      case 'RandomErasing':
        settings.cutout = config.size;
        break;
      case 'MixUp':
        settings.mixup = config.alpha ?? 0.2;
        break;
      case 'CutMix':
        settings.cutmix = config.alpha ?? 1;
        break;
    }
  }
  return settings;
}
