import { expect, it } from 'vitest';
import { adviceFor } from './advice.ts';

/** Findings without any fault, of classes with so many images. */
const found = (counts: readonly number[]): Parameters<typeof adviceFor>[0] => ({
  format: 1,
  data: 'photos',
  network: { name: 'made up', features: 8 },
  images: counts.reduce((a, b) => a + b, 0),
  parts: [],
  classes: counts.map((images, i) => ({ class: `class ${i}`, images, labelIssues: 0 })),
  labels: { noise: 0, issues: [] },
  duplicates: [],
  outliers: [],
  quality: { issues: [], usual: [] },
  confusions: [],
});
const textsFor = (...counts: number[]) => adviceFor(found(counts)).map(({ text }) => text);

it('asks for photos of classes with fewer than half of the median, which lies between the two middle ones', () => {
  // Of the larger middle class, 40 is less than half.
  for (const text of textsFor(40, 50, 90, 100)) expect(text).toMatch(/^No faults were found/);
  expect(textsFor(30, 50, 90, 100)).toEqual(['Add 40 photos of class 0: it has 30, the median class 70.']);
  expect(textsFor(40, 90, 100)).toEqual(['Add 50 photos of class 0: it has 40, the median class 90.']);
});
