import { expect, it } from 'vitest';
import { rarestTags } from '../data/tags.ts';
import { evaluatePredictions } from '../evaluation/index.ts';
import { renderReport } from './index.ts';

it('a report of several labels has each of them, and no confusion matrix', () => {
  const tags = Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 1);
  const evaluation = evaluatePredictions({
    probabilities: Float32Array.of(0.9, 0.2, 0.7, 0.4, 0.1, 0.3, 0.6, 0.8),
    labels: rarestTags(tags, 2),
    tags,
    thresholds: [0.5, 0.35],
    classNames: ['cat & dog', 'sea'],
  });
  const page = renderReport({ title: 'labels', facts: { recipe: 'quick', seed: 1 }, evaluation });
  expect(page).toContain('Label by label');
  expect(page).toContain('cat &amp; dog');
  expect(page).toContain('<dt>mAP</dt><dd>100.00%</dd>');
  expect(page).toContain('3 of 4 images correct in every label');
  expect(page).toContain('0.350');
  expect(page).not.toContain('Confusion matrix');
  expect(page).not.toContain('NaN');
  expect(page).not.toContain('undefined');
});
