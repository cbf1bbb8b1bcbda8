import { expect, it } from 'vitest';
import { againstFineTuning, fineTuningAdvice } from './fine-tuning-advice.ts';

const head = (accuracy: number) => ({
  c: 0.1,
  scores: [
    { c: 0.01, accuracy: 0.5, loss: 1 },
    { c: 0.1, accuracy, loss: 0.2 },
  ],
});

it('training all layers is advised where images are many and the head is not good enough', () => {
  expect(fineTuningAdvice(head(0.954), 1674)).toBe(
    'The head is right about 95.40% of held-out training images. With 1,674 images, training all layers may do ' +
      'better: --time 20m tries it, and keeps the better model.',
  );
  expect(fineTuningAdvice(head(0.954), 244)).toBeUndefined();
  expect(fineTuningAdvice(head(0.985), 1674)).toBeUndefined();
  // Without cross-validation nothing is known; nor of a run that was trained by steps.
  expect(fineTuningAdvice({}, 1674)).toBeUndefined();
  expect(fineTuningAdvice(undefined, 1674)).toBeUndefined();
});

it('says why it is not done', () => {
  expect(againstFineTuning(head(0.954), 500)).toBeUndefined();
  expect(againstFineTuning(head(0.954), 499)).toMatch(/^that helps with 500 .* there are 499$/);
  expect(againstFineTuning(head(0.98), 500)).toMatch(/^the head is right about 98.00% /);
  expect(againstFineTuning({}, 500)).toMatch(/^no image could be held out/);
});
