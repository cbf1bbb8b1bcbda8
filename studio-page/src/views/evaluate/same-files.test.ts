import type { RunPredictions } from 'harrier/src/studio-server/api.ts';
import { expect, test } from 'vitest';
import { sameFiles } from './same-files.ts';

const predictions = (more: Partial<RunPredictions> = {}): RunPredictions => ({
  dataset: 'photos',
  index: [0, 2, 3],
  label: [0, 1, 1],
  predicted: [0, 1, 0],
  probability: [0.9, 0.8, 0.7],
  ...more,
});

test('runs are compared image by image where their test images are the same files', () => {
  const other = predictions({ predicted: [1, 1, 1] });
  expect(sameFiles(predictions(), other)).toBe('files of photos');
});

test('other images, other labels or images that are not here are not the same', () => {
  for (const other of [
    predictions({ index: [0, 1, 3] }),
    predictions({ label: [0, 1, 0] }),
    predictions({ index: [0, 2], label: [0, 1] }),
    predictions({ dataset: 'others' }),
    { ...predictions(), dataset: undefined } as unknown as RunPredictions,
    undefined,
  ]) {
    expect(sameFiles(predictions(), other)).toBeUndefined();
    expect(sameFiles(other, predictions())).toBeUndefined();
  }
});
