import { describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { Dense, Flatten } from '../layers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { ExplosionWatch } from './explosion.ts';
import { Sequential } from './model.ts';

const watch = (stepsPerEpoch = 10, weight = 1) => new ExplosionWatch({ classes: 10, weight, stepsPerEpoch });
/** The step at which a course of losses is stopped, from 1; 0 when it never is. */
function stoppedAt(losses: readonly number[], own = watch()): number {
  for (const [i, loss] of losses.entries()) {
    try {
      own.add(loss);
    } catch {
      return i + 1;
    }
  }
  return 0;
}
const times = (count: number, of: (i: number) => number) => Array.from({ length: count }, (_, i) => of(i));

describe('ExplosionWatch', () => {
  it('stops what stays far above guessing: ten steps, or an epoch of up to a hundred', () => {
    expect(stoppedAt([2.3, 40, ...times(50, () => 3e12)])).toBe(12);
    expect(
      stoppedAt(
        times(300, () => 5000),
        watch(60),
      ),
    ).toBe(60);
    expect(
      stoppedAt(
        times(300, (i) => 5000 + 100 * i),
        watch(1563),
      ),
    ).toBe(100);
  });

  it('stops what was near guessing and stays a hundred times above it, when it has come down that far', () => {
    // The course of a step that is far too large: up, down, and then dead.
    const course = [2.3, 3e12, 4e11, 2e9, 5e4, ...times(200, (i) => 450 + 30 * Math.sin(i))];
    expect(stoppedAt(course, watch(20))).toBe(31);
    expect(stoppedAt(course.slice(1), watch(20))).toBe(0);
  });

  it.each<[string, readonly number[]]>([
    ['leaps up from guessing, and is back in fifty steps', [2.3, ...times(500, (i) => 2 + 1e6 * 0.7 ** i)]],
    ['begins at 2.3 and falls', times(500, (i) => 2.3 / (1 + i / 50))],
    ['stays at guessing', times(500, () => Math.LN10)],
    ['wanders at a hundred times guessing', times(500, (i) => 230 + 100 * Math.sin(i))],
    [
      'begins at a million, as pixels that are not scaled make it, and falls',
      times(500, (i) => 1e6 * 0.8 ** i + 2),
    ],
    ['leaps up for nine steps at a time', times(500, (i) => (i % 20 < 9 ? 1e5 : 2))],
  ])('lets a training go on that %s', (_, losses) => {
    expect(stoppedAt(losses)).toBe(0);
  });

  it('knows that class weights make losses larger', () => {
    expect(
      stoppedAt(
        times(50, () => 5000),
        watch(10, 1000),
      ),
    ).toBe(0);
  });

  it('says what to do', () => {
    const own = watch();
    expect(() => {
      for (let step = 0; step < 10; step++) own.add(3e12);
    }).toThrow(
      'training has exploded: the loss is 3.0e12: expected less than the loss of guessing, 2.3, soon after the start, ' +
        'received more than 2303 for 10 steps. Lower the learning rate or clip gradients.',
    );
  });
});

it('a learning rate of 100,000 ends with a sentence', async () => {
  const model = new Sequential({
    inputShape: [6, 6, 3],
    layers: [new Flatten(), new Dense({ units: 8, activation: 'relu' }), new Dense({ units: 3 })],
  });
  model.compile({
    optimizer: { name: 'SGD', learningRate: 1e5 },
    runtime: nodeRuntime({ threads: 1 }),
    seed: 1,
  });
  const before = model.weights;
  await expect(model.fit(images(48, 6, 6), { epochs: 20, batchSize: 8 })).rejects.toMatchObject({
    code: 'diverged',
  });
  expect(model.weights).toEqual(before);
});
