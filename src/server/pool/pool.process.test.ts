import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, platform } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { afterEach, expect, it, vi } from 'vitest';
import { modelBytes } from '../../../test/server/serving.ts';
import { Metrics } from '../metrics.ts';
import { WorkerPool } from './pool.ts';

afterEach(() => vi.restoreAllMocks());

it('that is closed starts no worker again, and nothing waits to', async () => {
  const workers: Worker[] = [];
  const collect = (worker: Worker) => workers.push(worker);
  process.on('worker', collect);
  let died!: () => void;
  const isDead = new Promise<void>((resolve) => {
    died = resolve;
  });
  const limits = { maxQueue: 1, maxBatch: 1, maxDelayMs: 0, maxPixels: 1e6 };
  const pool = new WorkerPool({ workers: 1, threads: 1, ...limits, metrics: new Metrics(), log: died });
  await pool.load(modelBytes(), 'model.onnx');
  process.off('worker', collect);
  const timers = vi.spyOn(globalThis, 'setTimeout');
  // An order that makes no sense: the thread ends.
  workers[0].postMessage(null);
  await isDead;
  const restart = timers.mock.results[timers.mock.calls.findIndex(([, ms]) => ms === 100)].value;
  expect(restart).toBeDefined();
  const cleared = vi.spyOn(globalThis, 'clearTimeout');
  await pool.close();
  expect(cleared).toHaveBeenCalledWith(restart);
});

it('gives a batch more threads while nothing else comes, in one worker', async () => {
  const workers: Worker[] = [];
  const collect = (worker: Worker) => workers.push(worker);
  process.on('worker', collect);
  const limits = { maxQueue: 8, maxBatch: 1, maxDelayMs: 0, maxPixels: 1e6 };
  const threads = { threads: 1, threadsAlone: 2 };
  const pool = new WorkerPool({ workers: 2, ...threads, ...limits, metrics: new Metrics(), log: () => {} });
  const { imageShape } = await pool.load(modelBytes(), 'model.onnx');
  process.off('worker', collect);
  const orders = workers.map((worker) => vi.spyOn(worker, 'postMessage'));
  const alone = () => orders.map(({ mock }) => mock.calls.map(([{ args }]) => args[1]));
  const bytes = new Uint8Array(imageShape.height * imageShape.width * imageShape.channels).fill(100);
  const ask = async () => {
    const image = { kind: 'pixels', bytes, where: 'a test' } as const;
    return (await pool.classify([image], { deadlineMs: 60_000 })).probabilities[0];
  };

  let now = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);

  const first = await ask();
  expect(alone()).toEqual([[true], []]);
  const together = await Promise.all([ask(), ask()]);
  // The second came while the first ran, which nobody could know before.
  expect(alone()).toEqual([[true, true], [false]]);
  const soonAfter = await ask();
  expect(alone()).toEqual([[true, true, false], [false]]);
  now += 200;
  const later = await ask();
  expect(alone()).toEqual([[true, true, false, true], [false]]);
  for (const answer of [...together, soonAfter, later]) {
    answer.forEach((probability, i) => {
      expect(probability).toBeCloseTo(first[i], 5);
    });
  }
  await pool.close();
});

it.skipIf(platform() !== 'linux')(
  'has workers that leave the processor to whoever started them',
  async () => {
    const limits = { maxQueue: 1, maxBatch: 1, maxDelayMs: 0, maxPixels: 1e6 };
    const pool = new WorkerPool({ workers: 2, threads: 1, ...limits, metrics: new Metrics(), log: () => {} });
    await pool.load(modelBytes(), 'model.onnx');
    // The nineteenth field of a thread's line, two of which stand before the bracket that ends its name.
    const niceness = readdirSync('/proc/self/task').map((thread) =>
      Number(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ')[1].split(' ')[16]),
    );
    await pool.close();
    const nicer = Math.min(19, getPriority() + 10);
    expect(niceness.filter((each) => each === nicer).length).toBeGreaterThanOrEqual(2);
  },
);
