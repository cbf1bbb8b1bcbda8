import type { ImageEntry, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { expect, test } from 'vitest';
import { evaluateAgain } from './again.ts';

const PREDICTIONS: RunPredictions = {
  index: [0, 2, 3, 4],
  label: [0, 0, 1, 1],
  predicted: [0, 1, 1, 0],
  probability: [0.9, 0.9, 0.9, 0.9],
};
const entry = (index: number, label: number, mark: ImageEntry['mark']): [number, ImageEntry] => [
  index,
  { index, label, source: `test #${index}`, ...(mark && { mark }) },
];

test('answers are evaluated by the labels that count now', () => {
  expect(evaluateAgain(PREDICTIONS, new Map())).toMatchObject({ changed: 0, correct: 2, total: 4 });
  const relabelled = new Map([entry(2, 0, { label: 1 })]);
  expect(evaluateAgain(PREDICTIONS, relabelled)).toMatchObject({ changed: 1, correct: 3, total: 4 });
  const excluded = new Map([entry(4, 1, { excluded: true }), entry(7, 1, { excluded: true })]);
  expect(evaluateAgain(PREDICTIONS, excluded)).toMatchObject({ changed: 1, correct: 2, total: 3 });
});

test('what the run was evaluated with already is no change', () => {
  const known = new Map([entry(2, 1, { label: 0 })]);
  const evaluated = { ...PREDICTIONS, own: [0, 1, 1, 1] };
  expect(evaluateAgain(evaluated, known).changed).toBe(0);
  // Until that correction is taken back.
  expect(evaluateAgain(evaluated, new Map())).toMatchObject({ changed: 1, correct: 3, total: 4 });
});

test('images of one group say less than as many others', () => {
  const images = [...Array(40).keys()];
  const alone: RunPredictions = {
    index: images,
    label: images.map(() => 0),
    predicted: images.map((image) => Number(image >= 30)),
    probability: images.map(() => 0.9),
  };
  const grouped = { ...alone, group: images.map((image) => Math.floor(image / 10)) };
  const width = (predictions: RunPredictions, corrected = new Map<number, ImageEntry>()) => {
    const [low, high] = evaluateAgain(predictions, corrected).interval95;
    return high - low;
  };
  expect(width(grouped)).toBeGreaterThan(2 * width(alone));
  // Also without the first of the groups.
  const excluded = new Map(images.slice(0, 10).map((index) => entry(index, 0, { excluded: true })));
  expect(width(grouped, excluded)).toBeGreaterThan(2 * width(alone, excluded));
  const all = new Map(images.map((index) => entry(index, 0, { excluded: true })));
  expect(evaluateAgain(grouped, all)).toMatchObject({ total: 0, interval95: [0, expect.any(Number)] });
});
