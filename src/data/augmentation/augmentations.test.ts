import { describe, expect, it } from 'vitest';
import { copyOf, occasion, smallBatch } from '../../../test/training/batch.ts';
import { HarrierError } from '../../errors.ts';
import { type AugmentationConfig, augmentationFrom, augmentationNames, augmentationsFrom } from './index.ts';

/** Every augmentation, with options that change most images. */
const ALL: readonly AugmentationConfig[] = [
  { name: 'RandomFlip', mode: 'alternating' },
  { name: 'RandomTranslation', pixels: 2 },
  { name: 'RandomErasing', size: 3 },
  { name: 'RandomColorJitter', brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.1 },
  { name: 'RandomRotation', degrees: 15 },
  { name: 'RandomZoom', factor: 0.2 },
  { name: 'RandomResizedCrop', smallest: 0.4 },
  { name: 'RandAugment', operations: 2, magnitude: 9 },
  { name: 'MixUp', alpha: 0.5 },
  { name: 'CutMix', alpha: 1 },
];

describe.each(ALL)('$name', (config) => {
  const before = smallBatch(8);
  const applied = (given: AugmentationConfig, epoch = 0) => {
    const batch = copyOf(before);
    augmentationFrom(given).apply(batch, occasion(8, { epoch, step: epoch }));
    return batch;
  };

  it('changes images, and is a pure function of seed, epoch and image', () => {
    expect(applied(config).pixels).not.toEqual(before.pixels);
    expect(applied(config)).toEqual(applied(config));
    expect(applied(config, 1)).not.toEqual(applied(config));
  });

  it('is made again by its stored configuration', () => {
    const stored = JSON.parse(JSON.stringify(augmentationFrom(config).config));
    expect(stored).toMatchObject(config);
    expect(augmentationFrom(stored).config).toEqual(stored);
    expect(applied(stored)).toEqual(applied(config));
  });

  it.skipIf(/Mix/.test(config.name))('does the same to every image alone as in a batch', () => {
    const whole = applied(config);
    const bytes = before.pixels.length / 8;
    for (let i = 0; i < 8; i++) {
      const one = { ...copyOf(before), pixels: before.pixels.slice(i * bytes, (i + 1) * bytes) };
      augmentationFrom(config).apply(one, occasion(1, { images: [i] }));
      expect(one.pixels).toEqual(whole.pixels.slice(i * bytes, (i + 1) * bytes));
    }
  });
});

it('has a test for each', () => {
  expect(ALL.map(({ name }) => name).sort()).toEqual([...augmentationNames].sort());
});

describe('augmentations one after another', () => {
  it('draw apart, though they are of one kind', () => {
    const batch = smallBatch(64);
    const twice = copyOf(batch);
    augmentationsFrom([{ name: 'RandomFlip' }, { name: 'RandomFlip' }])(twice, occasion(64));
    // If both drew the same, the second would undo the first.
    expect(twice.pixels).not.toEqual(batch.pixels);
  });
});

describe('bad configurations', () => {
  it.each<[unknown, string]>([
    ['RandomFlip', 'augmentation: configuration: expected { name, …options }, received "RandomFlip"'],
    [null, 'received null'],
    [
      { name: 'RandomFlp' },
      'unknown augmentation "RandomFlp". Did you mean "RandomFlip"? There are: RandomFlip',
    ],
    [{ name: 'toString' }, 'unknown augmentation "toString"'],
    [{}, 'unknown augmentation "undefined"'],
    [
      { name: 'RandomFlip', mode: 'sideways' },
      'RandomFlip: mode: expected horizontal, vertical, alternating',
    ],
    [{ name: 'RandomFlip', mod: 'vertical' }, 'unknown option of RandomFlip "mod". Did you mean "mode"?'],
    [
      { name: 'RandomTranslation' },
      'RandomTranslation: pixels: expected a whole number of at least 0, received undefined',
    ],
    [{ name: 'RandomTranslation', pixels: 1.5 }, 'received 1.5'],
    [
      { name: 'RandomTranslation', pixels: 2, fill: 'wrap' },
      'fill: expected reflect, zero, mean, received "wrap"',
    ],
  ])('%j', (config, message) => {
    expect(() => augmentationFrom(config as AugmentationConfig)).toThrow(HarrierError);
    expect(() => augmentationFrom(config as AugmentationConfig)).toThrow(message);
  });

  it('a list that is none', () => {
    expect(() => augmentationsFrom({} as never)).toThrow(
      'augmentation: list: expected [{ name, …options }, …]',
    );
  });
});
