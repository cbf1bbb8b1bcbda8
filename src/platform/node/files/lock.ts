import { randomUUID } from 'node:crypto';
import { futimes } from 'node:fs';
import { type FileHandle, link, open, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { hostname, uptime } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { HarrierError } from '../../../errors.ts';
import { jsonObject } from '../../../json-text.ts';
import { type Elsewhere, makeDirectory, storageError } from './cache.ts';

export interface LockOptions {
  /** Called while another process holds the lock: its process id, and for how many seconds this one has waited. */
  readonly onWait?: (holder: number, seconds: number) => void;
  readonly signal?: AbortSignal;
  /** How often a waiter looks again. */
  readonly pollMs?: number;
  /** A lock not touched for this long is taken over, unless its holder is seen to live. */
  readonly staleMs?: number;
  /** What an error proposes, where the lock is not one of the cache. */
  readonly elsewhere?: Elsewhere;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Within which process ids are unique: see `processSpace`. */
  readonly space?: string;
  /** Tells the process from another that has its id later: see `startOf`. */
  readonly started?: string;
  readonly token: string;
}

/** A process writes its name into its lock at once. A lock without a name for longer was left by one that is gone. */
const NAMELESS_MS = 2_000;

/**
 * Runs `action` while holding the lock file `path`, so that two processes that start at once share one piece of work.
 *
 * The holder touches the file every few seconds. A lock whose process is gone is taken over, and so is one that has
 * not been touched for a minute where nobody can tell whether its process lives (it is another machine's). A process
 * that lives on this machine keeps its lock however long it slept: laptops are shut, and processes stopped. A takeover
 * is not atomic on every file system, so the lock saves work and does not guard data: what is done under it must end
 * in atomic renames.
 *
 * @param action is given a check: it throws `in-use` when another process has taken the lock over meanwhile
 * @throws HarrierError `storage` when the lock file cannot be written; the signal's reason when aborted
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  action: (check: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const { signal, onWait, pollMs = 250, staleMs = 60_000, elsewhere } = options;
  await makeDirectory(dirname(path), elsewhere);
  const self: Owner = {
    pid: process.pid,
    host: hostname(),
    space: await processSpace(),
    started: await startOf(process.pid),
    token: randomUUID(),
  };
  const started = Date.now();
  let nameless: number | undefined;
  for (;;) {
    signal?.throwIfAborted();
    if (await create(path, self, elsewhere)) break;
    const owner = await readOwner(path);
    nameless = owner ? undefined : (nameless ?? Date.now());
    const isAbandoned = nameless !== undefined && Date.now() - nameless > Math.min(NAMELESS_MS, staleMs);
    if (isAbandoned || (await isStale(path, owner, staleMs))) {
      await takeAway(path, owner);
    } else {
      if (owner) onWait?.(owner.pid, (Date.now() - started) / 1000);
      await sleep(pollMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
  const isMine = async () => (await readOwner(path))?.token === self.token;
  const heartbeat = setInterval(() => void beat(path, self), staleMs / 10);
  heartbeat.unref();
  try {
    return await action(async () => {
      // A lock file that somebody removed is put back, as long as nobody else has.
      if ((await isMine()) || (await create(path, self, elsewhere))) return;
      throw takenOver(dirname(path), await readOwner(path));
    });
  } finally {
    clearInterval(heartbeat);
    // Where the disk takes nothing more, the error of the work says so; a lock that stays ends with this process.
    if (await isMine()) await rm(path, { force: true }).catch(() => {});
  }
}

/** Who holds a lock now. */
export interface LockHolder {
  readonly pid: number;
  /** Whether it is a process of this machine (and container), to which signals can be sent. */
  readonly isHere: boolean;
}

/** Who holds a lock; undefined when nobody does, or only a process that is gone. */
export async function lockHolder(path: string, staleMs = 60_000): Promise<LockHolder | undefined> {
  const owner = await readOwner(path);
  if (!owner || (await isStale(path, owner, staleMs))) return undefined;
  return { pid: owner.pid, isHere: await isOfHere(owner) };
}

function takenOver(folder: string, owner: Owner | undefined): HarrierError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  return new HarrierError(
    'in-use',
    `${who} has taken over this folder, because this process did not respond for a minute`,
    {
      where: folder,
      next: 'This process stops, so that the two do not mix their files.',
    },
  );
}

async function create(path: string, owner: Owner, elsewhere?: Elsewhere): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(JSON.stringify(owner));
      await touch(file).catch(() => {});
    } catch (error) {
      // Without a name in it, it would look like another's.
      await rm(path, { force: true }).catch(() => {});
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw storageError(error, path, elsewhere);
  }
}

const changeTimes = promisify(futimes);

/** By the clock of this machine, also on a share. Yarn's Plug'n'Play puts handles without `utimes` in the place of Node's. */
async function touch({ fd }: FileHandle): Promise<void> {
  const now = new Date();
  await changeTimes(fd, now, now);
}

/** Shows that the owner of a lock is alive, where it is still the owner. */
async function beat(path: string, owner: Owner): Promise<void> {
  const file = await open(path, 'r+').catch(() => undefined);
  try {
    const text = await file?.readFile('utf8');
    if (!file || jsonObject(text ?? '')?.token !== owner.token) return;
    // On a share that belongs to somebody else, times can be changed by writing alone.
    await touch(file).catch(() => file.write(text!, 0));
  } catch {
    // The next one may succeed.
  } finally {
    await file?.close().catch(() => {});
  }
}

/** Undefined when the file is gone, or its process has not yet written its name into it. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner = jsonObject(await readFile(path, 'utf8'));
    return typeof owner?.pid === 'number' ? (owner as unknown as Owner) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether its process id means something here. */
async function isOfHere({ host, space }: Owner): Promise<boolean> {
  const own = await processSpace();
  return host === hostname() && (space ?? own) === own;
}

async function isStale(path: string, owner: Owner | undefined, staleMs: number): Promise<boolean> {
  if (owner && (await isOfHere(owner))) {
    if (!isAlive(owner.pid)) return true;
    if (owner.started !== undefined) return owner.started !== (await startOf(owner.pid));
    // Without /proc a number says little; but who holds a lock touches it, and nobody does from before the last start.
    const kept = await stat(path).catch(() => undefined);
    return kept !== undefined && kept.mtimeMs < Date.now() - 1000 * uptime();
  }
  const touched = await stat(path).catch(() => undefined);
  return touched !== undefined && Date.now() - touched.mtimeMs > staleMs;
}

/**
 * The boot of this machine and the container on it: a process id of another says nothing here, though the host may
 * have the same name. Undefined where there is no `/proc` (macOS, Windows).
 */
async function processSpace(): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()} ${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** When a process started, in clock ticks since boot; undefined when it has ended, or where there is no `/proc`. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    // proc_pid_stat(5): the second field is the name in brackets, which may hold anything; then state, …, start.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(fields[0]) ? undefined : fields[19];
  } catch {
    return undefined;
  }
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
