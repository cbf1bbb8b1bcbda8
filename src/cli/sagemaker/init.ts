import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HarrierError } from '../../errors.ts';
import { storageError } from '../../platform/node/files/cache.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import { configText, dockerfile, dockerignore } from '../../sagemaker/image.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { CONFIG_FILE } from './session.ts';

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
const ELSEWHERE = 'name another folder';

/** `harrier sagemaker init`. */
export async function runInit(target: string, { force }: { force?: boolean }): Promise<void> {
  const reporter = new Reporter();
  const folder = resolve(target);
  const archive = `harrier-${HARRIER_VERSION}.tgz`;
  const files = {
    Dockerfile: dockerfile({ archive, node: process.versions.node }),
    '.dockerignore': dockerignore(archive),
    [CONFIG_FILE]: configText(),
  };
  for (const name of Object.keys(files)) {
    if (force || !(await isThere(join(folder, name)))) continue;
    throw new HarrierError('bad-option', 'this file is there already', {
      where: shortPath(join(folder, name)),
      next: 'Name another folder, or write over it with --force.',
    });
  }
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw storageError(error, folder, ELSEWHERE);
  });
  reporter.status('packing Harrier …');
  await pack(folder);
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(path, text).catch((error) => {
      throw storageError(error, path, ELSEWHERE);
    });
  }
  for (const name of [...Object.keys(files), archive]) reporter.print(shortPath(join(folder, name)));
  reporter.print();
  reporter.print(
    `Next: put the role into ${CONFIG_FILE}, then build and push as the Dockerfile's first lines say.`,
  );
}

/** The very package that runs here, so that the image holds the same version; a checkout is built first. */
async function pack(folder: string): Promise<void> {
  const isCheckout = await isThere(join(PACKAGE, 'src', 'cli', 'main.ts'));
  const args = [
    'pack',
    '--silent',
    '--pack-destination',
    folder,
    ...(isCheckout ? [] : ['--ignore-scripts']),
  ];
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  try {
    await promisify(execFile)(npm, args, { cwd: PACKAGE });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n').at(-1) || cause.message : `${cause}`;
    throw new HarrierError('storage', `Harrier cannot be packed for the image (${reason.trim()})`, {
      where: PACKAGE,
      next: 'Check that npm runs here.',
      cause,
    });
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
