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
