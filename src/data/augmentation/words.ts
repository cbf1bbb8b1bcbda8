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
  flip: { config: flip('horizontal'), what: 'half of the images mirrored, left to right' },
  'flip-vertical': { config: flip('vertical'), what: 'half of them upside down' },
  'flip-alternating': { config: flip('alternating'), what: 'each mirrored in every other epoch' },
  translation: {
    config: (pixels = 4) => ({ name: 'RandomTranslation', pixels }),
    value: 'pixels',
    what: 'moved by up to 4 pixels, edges mirrored',
  },
  cutout: {
    config: (size = 8) => ({ name: 'RandomErasing', size }),
    value: 'size',
    what: 'a square of 8 pixels painted over',
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
    what: 'brightness, contrast, saturation by up to 0.2, hue by an eighth of it',
  },
  rotation: {
    config: (degrees = 10) => ({ name: 'RandomRotation', degrees }),
    value: 'degrees',
    what: 'turned by up to 10 degrees, either way',
  },
  zoom: {
    config: (factor = 0.1) => ({ name: 'RandomZoom', factor }),
    value: 'factor',
    what: 'up to 10% larger or smaller',
  },
  randaugment: {
    config: (magnitude = 9) => ({ name: 'RandAugment', operations: 2, magnitude }),
    value: 'magnitude',
    what: 'two of 14 changes of light, colour and shape, strength 9 of 30',
  },
  mixup: {
    config: (alpha = 0.2) => ({ name: 'MixUp', alpha }),
    value: 'alpha',
    what: 'two images blended, and their classes with them',
  },
  cutmix: {
    config: (alpha = 1) => ({ name: 'CutMix', alpha }),
    value: 'alpha',
    what: 'a part of another image pasted in, classes in the same fractions',
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
      throw new HarrierError('bad-option', 'none goes with nothing else', { where: '--augment' });
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

function configOf(name: string, value: string | undefined): AugmentationConfig {
  const { config, value: meaning } = AUGMENTATION_WORDS[name];
  const number = value === undefined ? undefined : Number(value);
  if (number !== undefined && (!meaning || value!.trim() === '' || !Number.isFinite(number))) {
    throw new HarrierError('bad-option', `this value of ${name} makes no sense`, {
      where: '--augment',
      expected: meaning ? `${name}=<${meaning}>, a number` : `${name} alone`,
      received: `"${name}=${value}"`,
    });
  }
  const chosen = config(number);
  augmentationFrom(chosen);
  return chosen;
}
