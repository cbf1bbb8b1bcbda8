import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectory, storageError } from './cache.ts';

export interface LockOptions {
  /** Called while another process holds the lock: its process id, and for how many seconds this one has waited. */
  readonly onWait?: (holder: number, seconds: number) => void;
  readonly signal?: AbortSignal;
  /** How often a waiter looks again. */
  readonly pollMs?: number;
  /** A lock not touched for this long is taken over, whoever holds it. */
  readonly staleMs?: number;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/**
 * Runs `action` while holding the lock file `path`, so that two processes that start at once share one piece of work.
 *
 * The holder touches the file every few seconds. A lock whose process is gone (same machine), or that has not been
 * touched for a minute (another machine, or a process id in use again), is taken over. A takeover is not atomic on
 * every file system, so the lock saves work and does not guard data: what is done under it must end in atomic renames.
 *
 * @throws HarrierError `storage` when the lock file cannot be written; the signal's reason when aborted
 */
export async function withLock<T>(path: string, options: LockOptions, action: () => Promise<T>): Promise<T> {
  const { signal, onWait, pollMs = 250, staleMs = 60_000 } = options;
  await makeDirectory(dirname(path));
  const token = randomUUID();
  const started = Date.now();
  for (;;) {
    signal?.throwIfAborted();
    if (await create(path, token)) break;
    const owner = await readOwner(path);
    if (await isStale(path, owner, staleMs)) {
      await takeAway(path, owner);
    } else {
      onWait?.(owner?.pid ?? 0, (Date.now() - started) / 1000);
      await sleep(pollMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, staleMs / 10);
  heartbeat.unref();
  try {
    return await action();
  } finally {
    clearInterval(heartbeat);
    if ((await readOwner(path))?.token === token) await rm(path, { force: true });
  }
}

async function create(path: string, token: string): Promise<boolean> {
  const owner: Owner = { pid: process.pid, host: hostname(), token };
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(JSON.stringify(owner));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw storageError(error, path);
  }
}

/** Undefined when the file is gone, or its process has not yet written its name into it. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

async function isStale(path: string, owner: Owner | undefined, staleMs: number): Promise<boolean> {
  if (owner && owner.host === hostname() && !isAlive(owner.pid)) return true;
  const touched = await stat(path).catch(() => undefined);
  return touched !== undefined && Date.now() - touched.mtimeMs > staleMs;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Removes a stale lock; if another waiter was quicker and this moved its fresh lock, puts that back. */
async function takeAway(path: string, stale: Owner | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return; // Another waiter removed it first.
  }
  const moved = await readOwner(aside);
  if (moved?.token !== stale?.token) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}
