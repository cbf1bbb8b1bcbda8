import { expect, it } from 'vitest';
import { checkLinearHead } from './head-memory.ts';

const photos = { images: 10_000, views: 2, classes: 100, size: 1280 };

it('lets pass what fits', () => {
  expect(() => checkLinearHead(photos, 2e9)).not.toThrow();
  expect(() => checkLinearHead(photos, undefined)).not.toThrow();
});

it.each([
  [
    'more memory than is free',
    photos,
    2e8,
    /needs more memory .*expected at least 0\.4 GB, received 0\.2 GB\./,
  ],
  [
    'more numbers than an array holds',
    { ...photos, images: 500_000, classes: 1000 },
    1e12,
    /expected at most 4294967295 numbers in one array, received 5000000000\. Take --head mlp/,
  ],
])('refuses %s', (_, size, free, words) => {
  expect(() => checkLinearHead(size, free)).toThrow(words);
});

it('says what else can be done where no head was chosen', () => {
  const remedy = { next: 'Inspect fewer images.' };
  expect(() => checkLinearHead(photos, 2e8, remedy)).toThrow(/received 0\.2 GB\. Inspect fewer images\.$/);
});
