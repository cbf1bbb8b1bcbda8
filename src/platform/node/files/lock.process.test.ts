import { spawn } from 'node:child_process';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withLock } from './lock.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-lock-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs TypeScript in another process; `lock` and `log` are paths, `withLock` is there. */
function child(code: string, lock: string, log: string) {
  const module = JSON.stringify(new URL('./lock.ts', import.meta.url).href);
  const script = `
    import { appendFile } from 'node:fs/promises';
    import { setTimeout as sleep } from 'node:timers/promises';
    const { withLock } = await import(${module});
    const lock = ${JSON.stringify(lock)}, log = ${JSON.stringify(log)};
    ${code}`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: 'inherit',
  });
}

const exit = (process: ReturnType<typeof child>) => new Promise((resolve) => process.once('exit', resolve));

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('withLock', () => {
  it('lets one process at a time do the work', async () => {
    const [lock, log] = [join(folder, 'shared.lock'), join(folder, 'shared.log')];
    const code = `
      await withLock(lock, { pollMs: 5 }, async () => {
        await appendFile(log, 'begin ');
        await sleep(100);
        await appendFile(log, 'end ');
      });`;
    const children = [child(code, lock, log), child(code, lock, log), child(code, lock, log)];
    expect(await Promise.all(children.map(exit))).toEqual([0, 0, 0]);
    expect(await readFile(log, 'utf8')).toBe('begin end begin end begin end ');
    expect(await exists(lock)).toBe(false);
  });

  it('takes over the lock of a process that was killed', async () => {
    const [lock, log] = [join(folder, 'killed.lock'), join(folder, 'killed.log')];
    const holder = child(
      `await withLock(lock, {}, async () => { await appendFile(log, 'x'); await sleep(60_000); });`,
      lock,
      log,
    );
    await until(() => exists(log));
    const waits: number[] = [];
    const mine = withLock(lock, { pollMs: 20, onWait: (pid) => waits.push(pid) }, async () => 'mine');
    await until(async () => waits.length > 0);
    holder.kill('SIGKILL');
    expect(await mine).toBe('mine');
    expect(new Set(waits)).toEqual(new Set([holder.pid]));
    expect(await exists(lock)).toBe(false);
  });

  it.each([
    ['an empty lock', ''],
    ['half a lock', '{"pid":12'],
  ])('takes over %s, and names nobody meanwhile', async (name, content) => {
    const lock = join(folder, `${name}.lock`);
    await writeFile(lock, content);
    const waits: number[] = [];
    const options = { pollMs: 20, staleMs: 200, onWait: (pid: number) => waits.push(pid) };
    expect(await withLock(lock, options, async () => 'mine')).toBe('mine');
    expect(waits).toEqual([]);
    expect(await exists(lock)).toBe(false);
  });

  it('takes over a lock that another machine has not touched for long, and no other', async () => {
    const lock = join(folder, 'remote.lock');
    await writeFile(lock, JSON.stringify({ pid: 1, host: `not-${hostname()}`, token: 'x' }));
    const signal = AbortSignal.timeout(200);
    await expect(withLock(lock, { pollMs: 20, signal }, async () => 1)).rejects.toThrow(/timeout/);
    const longAgo = new Date(Date.now() - 120_000);
    await utimes(lock, longAgo, longAgo);
    expect(await withLock(lock, { pollMs: 20 }, async () => 1)).toBe(1);
  });

  it('leaves a lock to a process that was stopped for long, and lives', async () => {
    const [lock, log] = [join(folder, 'stopped.lock'), join(folder, 'stopped.log')];
    const holder = child(
      `await withLock(lock, {}, async () => { await appendFile(log, 'x'); await sleep(60_000); });`,
      lock,
      log,
    );
    await until(() => exists(log));
    holder.kill('SIGSTOP');
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(lock, longAgo, longAgo);
    const signal = AbortSignal.timeout(300);
    await expect(withLock(lock, { pollMs: 20, signal }, async () => 1)).rejects.toThrow(/timeout/);
    holder.kill('SIGKILL');
    expect(await withLock(lock, { pollMs: 20 }, async () => 1)).toBe(1);
  });

  it.runIf(process.platform === 'linux')(
    'takes over the lock of a process whose id another one has now',
    async () => {
      const lock = join(folder, 'reused.lock');
      const owner = { pid: process.pid, host: hostname(), token: 'x', started: '1' };
      await writeFile(lock, JSON.stringify(owner));
      expect(await withLock(lock, { pollMs: 20 }, async () => 1)).toBe(1);
    },
  );

  it.runIf(process.platform === 'linux')('does not judge the processes of another container', async () => {
    const lock = join(folder, 'container.lock');
    // No process here has that id.
    const owner = { pid: 2 ** 30, host: hostname(), token: 'x', started: '1', space: 'another' };
    await writeFile(lock, JSON.stringify(owner));
    const signal = AbortSignal.timeout(200);
    await expect(withLock(lock, { pollMs: 20, signal }, async () => 1)).rejects.toThrow(/timeout/);
  });

  it('tells its holder when another machine has taken it over', async () => {
    const lock = join(folder, 'taken.lock');
    const other = JSON.stringify({ pid: 7, host: 'elsewhere', token: 'y' });
    const work = withLock(lock, {}, async (check) => {
      await check();
      await writeFile(lock, other);
      await check();
    });
    await expect(work).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringMatching(/process 7 on elsewhere has taken over this folder.*This process stops/),
    });
    expect(await readFile(lock, 'utf8')).toBe(other);
  });

  it('puts back a lock that somebody removed while it was held', async () => {
    const lock = join(folder, 'removed.lock');
    await withLock(lock, {}, async (check) => {
      await rm(lock);
      await check();
      expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ pid: process.pid });
    });
    expect(await exists(lock)).toBe(false);
  });

  it('lets go when the work fails', async () => {
    const lock = join(folder, 'failing.lock');
    await expect(withLock(lock, {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await exists(lock)).toBe(false);
  });

  it.skipIf(process.platform === 'win32')(
    'gives the error of the work where the lock cannot be removed either',
    async () => {
      const sealed = join(folder, 'sealed');
      const log = join(folder, 'sealed.log');
      await mkdir(sealed);
      await chmod(folder, 0o755);
      const holder = child(
        `
        const { chmod } = await import('node:fs/promises');
        const { dirname } = await import('node:path');
        const work = withLock(lock, {}, async () => {
          await chmod(dirname(lock), 0o555);
          // For root no folder is read-only.
          if (process.geteuid() === 0) process.seteuid(65534);
          throw new Error('the work failed');
        });
        const said = await work.catch(({ message }) => message);
        if (process.getuid() === 0) process.seteuid(0);
        await appendFile(log, said);`,
        join(sealed, 'x.lock'),
        log,
      );
      expect(await exit(holder)).toBe(0);
      await chmod(sealed, 0o755);
      expect(await readFile(log, 'utf8')).toBe('the work failed');
      // The next process is not kept out.
      expect(await withLock(join(sealed, 'x.lock'), { pollMs: 20 }, async () => 1)).toBe(1);
    },
  );

  it('proposes what it is told to where no lock can be made', async () => {
    await writeFile(join(folder, 'plain'), '');
    const elsewhere = 'choose another folder';
    const work = withLock(join(folder, 'plain', 'x.lock'), { elsewhere }, async () => 1);
    await expect(work).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringMatching(/Move it away, or choose another folder\.$/),
    });
  });

  it('holds when several waiters find the same stale lock', async () => {
    const [lock, log] = [join(folder, 'stale.lock'), join(folder, 'stale.log')];
    await writeFile(lock, '');
    const longAgo = new Date(Date.now() - 120_000);
    await utimes(lock, longAgo, longAgo);
    const work = () =>
      withLock(lock, { pollMs: 1 }, async () => {
        await appendFile(log, 'begin ');
        await sleep(10);
        await appendFile(log, 'end ');
      });
    await Promise.all(Array.from({ length: 8 }, work));
    expect(await readFile(log, 'utf8')).toBe('begin end '.repeat(8));
  });
});
