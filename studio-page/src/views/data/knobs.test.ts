import { augmentationList } from 'harrier/src/data/augmentation/words.ts';
import { expect, test } from 'vitest';
import { KNOBS, SETS, settingsOf, wordsOf } from './knobs.ts';

test('every knob is a word of --augment, and comes back as it was set', () => {
  for (const { word, start, maximum } of KNOBS) {
    const value = maximum ?? start;
    expect(settingsOf(augmentationList(wordsOf({ [word]: value })))).toEqual({ [word]: value });
  }
});

test('sets stand on the knobs', () => {
  expect(SETS.map(({ words }) => wordsOf(settingsOf(augmentationList(words))))).toEqual([
    '',
    'flip',
    'flip,translation',
    'flip,translation,randaugment,cutout',
  ]);
});
