import { expect, test } from 'vitest';
import { RECIPES } from '../../recipes/index.ts';
import { AUGMENTATION_SETS } from './sets.ts';
import { augmentationText } from './text.ts';
import { AUGMENTATION_WORDS, augmentationList, augmentationWords } from './words.ts';

test('augmentations become the words that stand for them', () => {
  const texts = [
    ...Object.keys(AUGMENTATION_SETS),
    ...Object.keys(AUGMENTATION_WORDS),
    ...['translation=2,cutout=5', 'flip-alternating,crop=0.5,color=0.4'],
  ];
  for (const text of texts) {
    const words = augmentationWords(augmentationList(text));
    expect(words).toBeDefined();
    expect(augmentationText(augmentationList(words!))).toBe(augmentationText(augmentationList(text)));
  }
  expect(augmentationWords(augmentationList('flip,translation=4'))).toBe('standard');
});

test('what no words can say has none', () => {
  expect(augmentationWords(RECIPES.record.augmentation!)).toBeUndefined();
});
