import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarrierError } from '../../errors.ts';
import { withLock } from '../../platform/node/files/lock.ts';
import type { Reporter } from '../reporter.ts';

/** The root of the checkout or of the package: as far from the source as from what is built of it. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = join(ROOT, 'dist', 'page');
/** What the page is made of: it runs the core's own source. */
const SOURCES = ['studio-page', 'src', 'package.json'];

/**
 * The folder of the built page. In a checkout it is built first when it is missing or older than its sources.
 *
 * @throws HarrierError `not-found` when it cannot be built
 */
export async function builtPage(reporter: Reporter): Promise<string> {
  const isCheckout = await isThere(join(ROOT, 'studio-page', 'index.html'));
  if (!isCheckout || (await isFresh())) return PAGE;
  reporter.status('waiting for another build …');
  await withLock(join(ROOT, 'node_modules', '.harrier-page.lock'), {}, async () => {
    if (await isFresh()) return;
    reporter.note('Building the page, because its sources have changed.');
    await build(reporter).catch(async (error) => {
      if (!(await isThere(join(PAGE, 'index.html')))) throw error;
      reporter.note(`Note: ${error.message} Showing the page that was built before.`);
    });
  });
  return PAGE;
}

async function build(reporter: Reporter): Promise<void> {
  const script = join(ROOT, 'scripts', 'build-page.js');
  const child = spawn(process.execPath, [script], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
      reporter.status(`building the page: ${text.trim().split('\n').at(-1)}`);
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  reporter.clear();
  if (code === 0) return;
  throw new HarrierError(
    'not-found',
    `the page of Studio cannot be built (${said.trim().split('\n').at(-1)})`,
    {
      where: script,
      next: 'Run npm ci, then npm run build.',
    },
  );
}

/** Whether the page is there, and no source is newer. */
async function isFresh(): Promise<boolean> {
  const built = await stat(join(PAGE, 'index.html')).catch(() => undefined);
  if (!built) return false;
  const newest = await Promise.all(SOURCES.map((name) => newestTime(join(ROOT, name))));
  return Math.max(...newest) <= built.mtimeMs;
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
