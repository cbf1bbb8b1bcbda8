import { describe, expect, it } from 'vitest';
import { AUGMENTATION_SETS, augmentationsFrom } from '../data/augmentation/index.ts';
import { augmentationList } from '../data/augmentation/words.ts';
import { HarrierError } from '../errors.ts';
import { augmentationHelp } from './augment.ts';

describe('--augment', () => {
  it.each(Object.keys(AUGMENTATION_SETS))('%s is a set that works', (name) => {
    expect(augmentationList(name)).toEqual(AUGMENTATION_SETS[name]);
    expect(() => augmentationsFrom(AUGMENTATION_SETS[name])).not.toThrow();
  });

  it('reads a list', () => {
    expect(augmentationList('flip-alternating, translation=2,cutout=12')).toEqual([
      { name: 'RandomFlip', mode: 'alternating' },
      { name: 'RandomTranslation', pixels: 2 },
      { name: 'RandomErasing', size: 12 },
    ]);
    expect(augmentationList('light,mixup')).toEqual([{ name: 'RandomFlip' }, { name: 'MixUp', alpha: 0.2 }]);
  });

  it('has a working default for every word in its help', () => {
    const words = [...augmentationHelp().matchAll(/^ {2}([a-z-]+)/gm)].map(([, word]) => word);
    expect(words.length).toBe(16);
    for (const word of words) expect(() => augmentationsFrom(augmentationList(word))).not.toThrow();
  });

  it.each([
    ['flp', 'unknown augmentation "flp". Did you mean "flip"?'],
    ['', 'unknown augmentation "". There are: none, light'],
    ['standart', 'Did you mean "standard"?'],
    ['flip=2', '--augment: flip cannot have this value: expected flip alone, received "flip=2".'],
    ['cutout=big', 'expected cutout=<size>, a number, received "cutout=big"'],
    ['translation=', 'expected translation=<pixels>, a number'],
    ['translation=1.5', 'RandomTranslation: pixels: expected a whole number of at least 0, received 1.5.'],
    ['none,flip', 'none cannot be combined with other augmentations'],
    ['standard=2', 'unknown augmentation "standard"'],
  ])('refuses "%s"', (text, message) => {
    expect(() => augmentationList(text)).toThrow(HarrierError);
    expect(() => augmentationList(text)).toThrow(message);
  });
});
