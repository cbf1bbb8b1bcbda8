import { expect, it } from 'vitest';
import { fineTuningAdvice } from './fine-tuning-advice.ts';

const head = (accuracy: number) => ({
  c: 0.1,
  scores: [
    { c: 0.01, accuracy: 0.5, loss: 1 },
    { c: 0.1, accuracy, loss: 0.2 },
  ],
});

it('training all layers is advised where images are many and the head is not good enough', () => {
  expect(fineTuningAdvice(head(0.954), 1674, 'my model.onnx')).toBe(
    'The head is right about 95.40% of held-out training images. With 1,674 images, training all layers may do ' +
      "better, in minutes: --from 'my model.onnx' --trainable all.",
  );
  expect(fineTuningAdvice(head(0.954), 244, 'a')).toBeUndefined();
  expect(fineTuningAdvice(head(0.985), 1674, 'a')).toBeUndefined();
  // Without cross-validation nothing is known; nor of a run that was trained by steps.
  expect(fineTuningAdvice({}, 1674, 'a')).toBeUndefined();
  expect(fineTuningAdvice(undefined, 1674, 'a')).toBeUndefined();
});
