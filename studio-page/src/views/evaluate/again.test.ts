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
