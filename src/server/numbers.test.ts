import { describe, expect, it } from 'vitest';
import { createApp } from './app.ts';
import { listen } from './listen.ts';
import { Metrics } from './metrics.ts';
import { type PoolOptions, WorkerPool } from './pool/pool.ts';
import { type ServeOptions, serveModel } from './serve.ts';
import { serverParts } from './server-options.ts';

describe('numbers of a server', () => {
  it.each<[Omit<ServeOptions, 'modelFile'>, string]>([
    [{ workers: 0 }, 'workers: expected a whole number of at least 1, received 0'],
    [{ threads: Number.NaN }, 'threads: expected a whole number of at least 1, received NaN'],
    [{ maxBatch: 0 }, 'maxBatch: expected a whole number of at least 1, received 0'],
    [{ maxBatch: Number.POSITIVE_INFINITY }, 'maxBatch: expected a whole number'],
    [{ maxQueue: Number.NaN }, 'maxQueue: expected a whole number'],
    [{ maxBodyBytes: Number.NaN }, 'maxBodyBytes: expected a number of at least 1, received NaN'],
    [{ maxConcurrency: Number.NaN }, 'maxConcurrency: expected a whole number'],
    [{ deadlineMs: Number.NaN }, 'deadlineMs: expected a number above 0, received NaN'],
    [{ port: 70_000 }, 'port: expected a whole number from 0 to 65535, received 70000'],
    [{ port: Number.NaN }, 'port: expected a whole number from 0 to 65535, received NaN'],
    [{ headersTimeoutMs: Number.NaN }, 'headersTimeoutMs: expected a whole number from 1 to'],
    [{ port: '8080' as unknown as number }, 'port: expected a whole number from 0 to 65535, received "8080"'],
    [{ watchMs: Number.NaN }, 'watchMs: expected a number of at least 0'],
  ])('%o', async (options, message) => {
    const refused = serveModel({ modelFile: 'there-is-none.onnx', ...options });
    await expect(refused).rejects.toMatchObject({ code: 'bad-option' });
    await expect(refused).rejects.toThrow(`serveModel: ${message}`);
  });

  it('are checked in each part by itself; limits may be Infinity', async () => {
    const none = Number.POSITIVE_INFINITY;
    const limits = { maxQueue: none, maxBodyBytes: none, deadlineMs: none, maxConcurrency: none, port: 0 };
    const parts = serverParts(limits, new Metrics(), undefined);
    const pool = new WorkerPool(parts.pool);
    const listener = await listen(createApp(pool, parts.app), parts.listen);
    await Promise.all([listener.close(0, 0), pool.close()]);
    const wrong: PoolOptions = { ...parts.pool, maxBatch: Number.NaN };
    expect(() => createApp(pool, { ...parts.app, maxBodyBytes: Number.NaN })).toThrow(
      'createApp: maxBodyBytes: expected a number of at least 1, received NaN',
    );
    expect(() => new WorkerPool(wrong)).toThrow('WorkerPool: maxBatch: expected a whole number');
    await expect(listen(createApp(pool, parts.app), { ...parts.listen, port: -1 })).rejects.toThrow(
      'listen: port: expected a whole number from 0 to 65535, received -1',
    );
  });
});
