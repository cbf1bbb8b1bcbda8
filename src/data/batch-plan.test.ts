import { expect, it } from 'vitest';
import { type BatchPlan, checkBatchPlan } from './batch-plan.ts';
import { memoryDataset } from './memory.ts';

const imageShape = { height: 2, width: 2, channels: 3 } as const;
const dataset = memoryDataset({
  name: 'pairs',
  classNames: ['hand', 'insect'],
  imageShape,
  labels: Uint16Array.of(0, 1),
  tags: Uint8Array.of(1, 0, 1, 1),
  pixels: new Uint8Array(24),
});

it.each<[string, Partial<BatchPlan>]>([
  ['classWeight', { classWeight: 'balanced' }],
  ['classWeight', { classWeight: { hand: 3 } }],
  ['sampling', { sampling: 'balanced' }],
])('images with any number of labels have no %s: %o', (where, given) => {
  const plan = { dataset, batchSize: 2, seed: 1 };
  expect(() => checkBatchPlan({ ...plan, ...given })).toThrow(
    `${where}: images with any number of labels have no one class to balance`,
  );
  expect(() => checkBatchPlan(plan)).not.toThrow();
});
