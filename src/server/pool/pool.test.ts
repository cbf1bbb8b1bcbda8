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
