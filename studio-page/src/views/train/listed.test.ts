import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { expect, test } from 'vitest';
import { linesOf, listed, reached } from './listed.ts';

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

test('a name and tags are found too, and a name counts before that of the folder', () => {
  const named = [...RUNS, run('quick-11', { name: 'Alpha', tags: ['for the shop'] })];
  const found = (search: string) => listed(named, search, 'name').map(({ id }) => id);
  expect(found('shop alpha')).toEqual(['quick-11']);
  expect(found('')[0]).toBe('quick-11');
});

test('runs that belong together are one line until it is opened', () => {
  const part = (number: number, testAccuracy: number) =>
    run(`sweep~trial-${number}`, {
      testAccuracy,
      group: { id: 'sweep', kind: 'sweep', part: `trial ${number}` },
    });
  const all = [part(10, 0.7), RUNS[0], part(9, 0.9)];
  const closed = linesOf(all, () => false, 'newest');
  expect(closed.map(({ kind }) => kind)).toEqual(['group', 'run']);
  const opened = linesOf(all, () => true, 'newest');
  expect(opened.map((line) => (line.kind === 'run' ? line.run.id : line.group.id))).toEqual([
    'sweep',
    'sweep~trial-9',
    'sweep~trial-10',
    'quick-10',
  ]);
  expect(closed[0].kind === 'group' && reached(closed[0].group)).toMatchObject({ count: 2, maximum: 0.9 });
});

test.each([
  ['a cross-validation is measured by its folds', 'folds', ['all images', 'fold 1', 'fold 2']],
  ['seeds are measured each by itself', 'seeds', ['average', 'seed 1', 'seed 2']],
] as const)('%s, not by the model that they came to', (_, kind, parts) => {
  const runs = parts.map((part, i) =>
    run(part, { testAccuracy: [0.99, 0.6, 0.8][i], group: { id: 'all', kind, part } }),
  );
  const [line] = linesOf(runs, () => false, 'newest');
  expect(line.kind === 'group' && reached(line.group)).toMatchObject({ count: 2, mean: 0.7 });
});
