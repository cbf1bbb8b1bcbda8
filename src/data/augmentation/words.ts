import { HarrierError, unknownName } from '../../errors.ts';
import { type AugmentationConfig, augmentationFrom } from './augmentations.ts';
import { AUGMENTATION_SETS } from './sets.ts';

/** An augmentation as people write it. */
export interface AugmentationWord {
  readonly config: (value: number | undefined) => AugmentationConfig;
  /** What the number after `=` is, for help; without it there is none. */
  readonly value?: string;
  readonly what: string;
}

const flip = (mode: 'horizontal' | 'vertical' | 'alternating') => (): AugmentationConfig => ({
  name: 'RandomFlip',
  mode,
});

/** What may stand in a list of augmentations. */
export const AUGMENTATION_WORDS: Readonly<Record<string, AugmentationWord>> = {
  flip: { config: flip('horizontal'), what: 'mirrors half of the images, left to right' },
  'flip-vertical': { config: flip('vertical'), what: 'turns half of the images upside down' },
  'flip-alternating': { config: flip('alternating'), what: 'mirrors each image in every other epoch' },
  translation: {
    config: (pixels = 4) => ({ name: 'RandomTranslation', pixels }),
    value: 'pixels',
    what: 'shifts by up to 4 pixels; mirrors the edges',
  },
  cutout: {
    config: (size = 8) => ({ name: 'RandomErasing', size }),
    value: 'size',
    what: 'paints over a square of 8 pixels',
  },
  color: {
    config: (by = 0.2) => ({
      name: 'RandomColorJitter',
      brightness: by,
      contrast: by,
      saturation: by,
      hue: Math.min(0.5, by / 8),
    }),
    value: 'strength',
    what: 'changes brightness, contrast and saturation by up to 0.2, hue by an eighth of that',
  },
  rotation: {
    config: (degrees = 10) => ({ name: 'RandomRotation', degrees }),
    value: 'degrees',
    what: 'turns by up to 10 degrees, either way',
  },
  zoom: {
    config: (factor = 0.1) => ({ name: 'RandomZoom', factor }),
    value: 'factor',
    what: 'scales by up to 10%, up or down',
  },
  crop: {
    config: (smallest = 0.35) => ({ name: 'RandomResizedCrop', smallest }),
    value: 'smallest',
    what: 'crops a part of 35% or more of the area, and scales it to the full size',
  },
  randaugment: {
    config: (magnitude = 9) => ({ name: 'RandAugment', operations: 2, magnitude }),
    value: 'magnitude',
    what: 'makes two of 14 changes of light, colour and shape, with strength 9 of 30',
  },
  mixup: {
    config: (alpha = 0.2) => ({ name: 'MixUp', alpha }),
    value: 'alpha',
    what: 'blends two images and their classes',
  },
  cutmix: {
    config: (alpha = 1) => ({ name: 'CutMix', alpha }),
    value: 'alpha',
    what: 'pastes a part of another image; classes count by area',
  },
};

/**
 * Reads what `--augment` and Studio's page are given: sets and augmentations with commas between, such as `standard` or
 * `flip,translation=4,cutout=8`.
 *
 * @throws HarrierError `bad-option`
 */
export function augmentationList(text: string): readonly AugmentationConfig[] {
  const items = text.split(',').map((item) => item.trim());
  return items.flatMap((item) => {
    const [name, value] = item.split(/=(.*)/s);
    if (Object.hasOwn(AUGMENTATION_SETS, name) && value === undefined) {
      if (name !== 'none' || items.length === 1) return AUGMENTATION_SETS[name];
      throw new HarrierError('bad-option', 'none cannot be combined with other augmentations', {
        where: '--augment',
      });
    }
    if (!Object.hasOwn(AUGMENTATION_WORDS, name)) {
      throw unknownName('augmentation', name, [
        ...Object.keys(AUGMENTATION_SETS),
        ...Object.keys(AUGMENTATION_WORDS),
      ]);
    }
    return [configOf(name, value)];
  });
}

/** The words that stand for augmentations, as `augmentationList` reads them; undefined where no words do. */
export function augmentationWords(configs: readonly AugmentationConfig[]): string | undefined {
  const wanted = comparable(configs);
  const [set] = Object.entries(AUGMENTATION_SETS).find(([, each]) => comparable(each) === wanted) ?? [];
  if (set !== undefined) return set;
  const words = configs.map(wordOf);
  return words.includes(undefined) ? undefined : words.join(',');
}

/** The word of one augmentation, with its number where that is not the usual one. */
function wordOf(wanted: AugmentationConfig): string | undefined {
  const isSame = (config: AugmentationConfig) => comparable([config]) === comparable([wanted]);
  for (const [word, { config, value }] of Object.entries(AUGMENTATION_WORDS)) {
    if (isSame(config(undefined))) return word;
    if (value === undefined || config(undefined).name !== wanted.name) continue;
    const number = Object.values(wanted).find((each) => typeof each === 'number' && isSame(config(each)));
    if (number !== undefined) return `${word}=${number}`;
  }
  return undefined;
}

/** The same text for the same augmentations: a flip whose mode goes without saying is a horizontal one. */
function comparable(configs: readonly AugmentationConfig[]): string {
  const full = configs.map((config) =>
    config.name === 'RandomFlip' ? { mode: 'horizontal', ...config } : config,
  );
  return JSON.stringify(full.map((config) => Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function configOf(name: string, value: string | undefined): AugmentationConfig {
  const { config, value: meaning } = AUGMENTATION_WORDS[name];
  const number = value === undefined ? undefined : Number(value);
  if (number !== undefined && (!meaning || value!.trim() === '' || !Number.isFinite(number))) {
    throw new HarrierError('bad-option', `${name} cannot have this value`, {
      where: '--augment',
      expected: meaning ? `${name}=<${meaning}>, a number` : `${name} alone`,
      received: `"${name}=${value}"`,
    });
  }
  const chosen = config(number);
  augmentationFrom(chosen);
  return chosen;
}
