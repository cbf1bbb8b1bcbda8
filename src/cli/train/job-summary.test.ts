import { expect, it } from 'vitest';
import { evaluatePredictions } from '../../evaluation/index.ts';
import { jobSummary } from './job-summary.ts';

it('shows no score of a class without images', () => {
  const summary = jobSummary(
    'run',
    evaluatePredictions({
      probabilities: new Float32Array([0.9, 0.1, 0, 0.2, 0.8, 0]),
      labels: [0, 1],
      classNames: ['ant', 'bee', 'wasp'],
    }),
  );
  expect(summary).toMatch(
    /^## .*run: 100\.00% correct\n\n2 of 2 right: 100\.00% \(95% interval .*\), loss .*\.\n/,
  );
  expect(summary).toContain('| ant | 1 | 100.00% | 100.00% | 100.00% |\n');
  expect(summary).toContain('| wasp | 0 | – | – | – |\n');
});

it('leads with mAP and F1 where images have any number of labels', () => {
  const summary = jobSummary(
    'run',
    evaluatePredictions({
      probabilities: new Float32Array([0.9, 0.2, 0.7, 0.6, 0.4, 0.1]),
      labels: [0, 0, 1],
      tags: Uint8Array.from([1, 0, 1, 1, 0, 1]),
      classNames: ['hand', 'insect'],
    }),
  );
  expect(summary).toMatch(/^## .*run: micro F1 \d/);
  expect(summary).toMatch(/\n\nmAP .*%, micro F1 .*%; 2 of 3 right in every label: 66\.67%/);
  expect(summary).toContain('| Label | Images | Average precision | Precision | Recall | F1 |\n');
  expect(summary).toContain('| hand | 2 | 100.00% | 100.00% | 100.00% | 100.00% |\n');
});
