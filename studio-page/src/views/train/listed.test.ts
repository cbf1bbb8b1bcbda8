import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { expect, test } from 'vitest';
import { listed } from './listed.ts';

const run = (id: string, more: Partial<RunSummary> = {}): RunSummary => ({
  id,
  recipe: 'quick',
  data: 'cifar10',
  state: 'finished',
  startedAt: '2026-01-01T00:00:00Z',
  epochs: 4,
  epochsDone: 4,
  startedHere: false,
  hasModel: true,
  ...more,
});
const RUNS = [
  run('quick-10', { testAccuracy: 0.8 }),
  run('quick-9', { state: 'paused', accuracy: 0.99 }),
  run('deep-1', { recipe: 'deep', data: '/photos', testAccuracy: 0.9 }),
];
const ids = (search: string, sort: Parameters<typeof listed>[2] = 'newest') =>
  listed(RUNS, search, sort).map(({ id }) => id);

test('runs are found by words of their name, recipe, data and state', () => {
  expect(ids('')).toEqual(['quick-10', 'quick-9', 'deep-1']);
  expect(ids('QUICK paused')).toEqual(['quick-9']);
  expect(ids('photos')).toEqual(['deep-1']);
  expect(ids('quick photos')).toEqual([]);
});

test('they are sorted by what they reached on test images, or by name, numbers as numbers', () => {
  expect(ids('', 'accuracy')).toEqual(['deep-1', 'quick-10', 'quick-9']);
  expect(ids('', 'name')).toEqual(['deep-1', 'quick-9', 'quick-10']);
});
