import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { harrier } from '../cli/harrier.ts';

it('bench --serve answers every request and prints every figure', { timeout: 300_000 }, async () => {
  const { code, stdout, stderr } = await harrier(
    ['bench', '--serve', '--no-peers', '--seconds', '0.1', '--json'],
    { cwd: tmpdir() },
  );
  expect([code, stderr]).toEqual([0, expect.stringContaining('measuring: harrier serve, 64 connections')]);
  const result = JSON.parse(stdout);
  for (const served of [result.batching, result.noBatching]) {
    expect(Object.keys(served)).toEqual(['1', '8', '64']);
    for (const { answeredPerSecond, times, broken } of Object.values<typeof result>(served)) {
      expect([Object.keys(times), broken]).toEqual([['200'], 0]);
      expect(answeredPerSecond).toBeGreaterThan(0);
      expect(times[200].p99Ms).toBeGreaterThanOrEqual(times[200].p50Ms);
    }
  }
  for (const { times, broken, offeredPerSecond, client } of Object.values<typeof result>(result.overload)) {
    expect([broken, client.broken]).toEqual([0, 0]);
    expect(offeredPerSecond).toBeGreaterThan(0);
    expect(client.offeredPerSecond).toBeGreaterThan(0);
    expect(['200', '503']).toEqual(expect.arrayContaining(Object.keys(times)));
  }
  // Nothing is kept of a request: what is would grow in every round.
  const { requests, beforeBytes, afterBytes } = result.memory;
  expect(requests).toBeGreaterThan(30);
  expect(afterBytes).toBeLessThan(1.01 * beforeBytes);
  expect(result.bareInferenceMs).toBeGreaterThan(0);
});
