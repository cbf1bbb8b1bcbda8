import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { expect, test } from 'vitest';
import { alikeIn } from './trained-on.ts';

const RUNS = [{ id: 'mine', dataset: 'photos' }, { id: 'gone' }] as RunSummary[];

test('alike images are those that the model was trained on, where they are here', () => {
  const here = ['others', 'photos', 'cifar10'];
  expect(alikeIn('mine', RUNS, here)).toEqual({ dataset: 'photos', isTrainedOn: true });
  expect(alikeIn('shipped-cifar10', RUNS, here)).toEqual({ dataset: 'cifar10', isTrainedOn: true });
});

test('of other images it is said that the model was not trained on them', () => {
  const others = { dataset: 'others', isTrainedOn: false };
  for (const model of ['gone', undefined, 'taught', 'mine', 'shipped-cifar10']) {
    expect(alikeIn(model, RUNS, ['others'])).toEqual(others);
  }
  expect(alikeIn('mine', RUNS, [])).toBeUndefined();
});
