import { expect, test } from 'vitest';
import { addEpoch, addStep, type LivePoint, MOST_LIVE, newest } from './live-points.ts';

const step = (epoch: number, at: number, loss: number) => ({
  id: 'run',
  epoch,
  epochs: 10,
  step: at,
  steps: 1000,
  imagesPerSecond: 100,
  etaSeconds: 60,
  loss,
  accuracy: 0.5,
  learningRate: 0.01,
});

test('however long an epoch takes, its points stay few and in order, and the newest is there', () => {
  let live: readonly LivePoint[] = [];
  for (let at = 1; at <= 1000; at++) live = addStep(live, step(3, at, 1000 - at));
  expect(live.length).toBeLessThanOrEqual(MOST_LIVE + 1);
  expect(live.length).toBeGreaterThan(MOST_LIVE / 2 - 1);
  expect(live.at(-1)).toEqual({ x: 3, loss: 0, accuracy: 0.5 });
  expect(live.map(({ x }) => x)).toEqual(live.map(({ x }) => x).toSorted((a, b) => a - b));
});

test('a new epoch begins anew, and a step that is told twice counts once', () => {
  let live = addStep(addStep([], step(1, 400, 2)), step(1, 800, 1));
  live = addStep(live, step(2, 100, 0.5));
  expect(live).toEqual([{ x: 1.1, loss: 0.5, accuracy: 0.5 }]);
  // The first few images of an epoch say little.
  expect(addStep([], step(2, 99, 0.5))).toEqual([]);
  expect(addStep(live, step(2, 100, 0.5))).toEqual(live);
});

test('an epoch that is told again takes the place of what it was and of all after it', () => {
  const record = (epoch: number, loss: number) => ({ epoch, loss, accuracy: 0 });
  const history = [record(1, 3), record(2, 2), record(3, 1)];
  expect(addEpoch(history, record(4, 0.5)).map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
  // A run that was resumed from its second epoch.
  expect(addEpoch(history, record(3, 9))).toEqual([record(1, 3), record(2, 2), record(3, 9)]);
  expect(addEpoch(history, record(2, 9))).toEqual([record(1, 3), record(2, 9)]);
});

test('an epoch that ended while the server was being asked is kept', () => {
  const record = (epoch: number, loss: number) => ({ epoch, loss, accuracy: 0 });
  expect(newest([record(1, 3), record(2, 2)], [record(2, 9), record(3, 1)])).toEqual([
    record(1, 3),
    record(2, 2),
    record(3, 1),
  ]);
  expect(newest([], [record(1, 3)])).toEqual([record(1, 3)]);
});
