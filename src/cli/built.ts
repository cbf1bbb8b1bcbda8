import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarrierError } from '../errors.ts';
import { withLock } from '../platform/node/files/lock.ts';
import type { Reporter } from './reporter.ts';

/** The root of the checkout or of the package: as far from the source as from what is built of it. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A part of the package that is built from a checkout's sources by a script. */
export interface BuiltPart {
  /** For people: `the page of Studio`. */
  readonly what: string;
  /** Below `scripts`; the published package has none. */
  readonly script: string;
  /** What the script writes, from the root: its folder, and the file that is there when it is done. */
  readonly folder: string;
  readonly file: string;
  /** What it is made of, from the root. */
  readonly sources: readonly string[];
}

/**
 * The folder of a built part. In a checkout it is built first when it is missing or older than its sources.
 *
 * @throws HarrierError `not-found` when it cannot be built
 */
export async function built(part: BuiltPart, reporter: Reporter): Promise<string> {
  const folder = join(ROOT, part.folder);
  const isCheckout = await isThere(join(ROOT, 'scripts', part.script));
  if (!isCheckout || (await isFresh(part))) return folder;
  reporter.status('waiting for another build …');
  await withLock(join(ROOT, 'node_modules', `.harrier-${part.script}.lock`), {}, async () => {
    if (await isFresh(part)) return;
    reporter.note(`Building ${part.what}, because its sources have changed.`);
    await build(part, reporter).catch(async (error) => {
      if (!(await isThere(join(folder, part.file)))) throw error;
      reporter.note(`Note: ${error.message} Taking what was built before.`);
    });
  });
  return folder;
}

async function build({ what, script }: BuiltPart, reporter: Reporter): Promise<void> {
  const path = join(ROOT, 'scripts', script);
  const child = spawn(process.execPath, [path], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
      reporter.status(`building ${what}: ${text.trim().split('\n').at(-1)}`);
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  reporter.clear();
  if (code === 0) return;
  throw new HarrierError('not-found', `${what} cannot be built (${said.trim().split('\n').at(-1)})`, {
    where: path,
    next: 'Run npm ci, then npm run build.',
  });
}

/** Whether the part is there, and no source is newer. */
async function isFresh({ folder, file, sources }: BuiltPart): Promise<boolean> {
  const done = await stat(join(ROOT, folder, file)).catch(() => undefined);
  if (!done) return false;
  const newest = await Promise.all(sources.map((name) => newestTime(join(ROOT, name))));
  return Math.max(...newest) <= done.mtimeMs;
}

async function newestTime(path: string): Promise<number> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isDirectory()) return info?.mtimeMs ?? 0;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'));
  const times = files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mtimeMs);
  return Math.max(0, ...(await Promise.all(times)));
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
