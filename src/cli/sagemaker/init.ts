import { exec, execFile } from 'node:child_process';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HarrierError } from '../../errors.ts';
import { storageError } from '../../platform/node/files/cache.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import { BASE_IMAGE, configText, dockerfile, dockerignore, imagePackage } from '../../sagemaker/image.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { CONFIG_FILE } from './session.ts';

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
const ELSEWHERE = 'name another folder';
const LOCKFILE = 'package-lock.json';
const DOCKER_MS = 30_000;
/** What a build may say. */
const OUTPUT_BYTES = 16 * 2 ** 20;

const run = promisify(execFile);
const runLine = promisify(exec);

/** `harrier sagemaker init`: what the image is built from in a folder, the settings here, where commands read them. */
export async function runInit(target: string, { force }: { force?: boolean }): Promise<void> {
  const reporter = new Reporter();
  const folder = resolve(target);
  const archive = `harrier-${HARRIER_VERSION}.tgz`;
  const names = ['Dockerfile', '.dockerignore', 'package.json', LOCKFILE];
  for (const name of names) {
    if (force || !(await isThere(join(folder, name)))) continue;
    throw new HarrierError('bad-option', 'this file exists already', {
      where: shortPath(join(folder, name)),
      next: 'Name another folder, or overwrite the file with --force.',
    });
  }
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw storageError(error, folder, ELSEWHERE);
  });
  const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      await writeFile(path, text).catch((error) => {
        throw storageError(error, path, ELSEWHERE);
      });
      reporter.print(shortPath(path));
    }
  };
  reporter.status('packing Harrier …');
  await pack(folder);
  reporter.print(shortPath(join(folder, archive)));
  await write({ 'package.json': imagePackage(archive) });
  reporter.status('asking the npm registry for versions …');
  const isLocked = await lock(folder);
  if (isLocked) reporter.print(shortPath(join(folder, LOCKFILE)));
  else {
    await rm(join(folder, 'package.json'));
    reporter.note(
      'Note: the npm registry does not answer, so the image has no lockfile. Run this again with a connection.',
    );
  }
  reporter.status('asking for the digest of the base image …');
  const base = await pinnedBase();
  if (base === undefined) {
    reporter.note('Note: without Docker, the base image has no digest. The Dockerfile shows how to add it.');
  }
  await write({
    Dockerfile: dockerfile({ archive, base, isLocked }),
    '.dockerignore': dockerignore(archive),
  });
  const settings = resolve(CONFIG_FILE);
  if (!force && (await isThere(settings))) reporter.note(`Note: ${CONFIG_FILE} is there already and stays.`);
  else {
    await writeFile(settings, configText()).catch((error) => {
      throw storageError(error, settings, 'run it in a folder that is writable');
    });
    reporter.print(shortPath(settings));
  }
  reporter.print();
  reporter.print(
    `Next: put the role into ${CONFIG_FILE}, then build and push as the Dockerfile's first lines say.`,
  );
}

/** Fixes the version and the hash of everything that the image installs. @returns whether that could be done */
async function lock(folder: string): Promise<boolean> {
  const args = [
    'install',
    '--package-lock-only',
    '--omit=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  ];
  try {
    // Not where the packages came from: the image may be built beside another registry.
    await npm([...args, '--omit-lockfile-registry-resolved'], folder);
    return await isThere(join(folder, LOCKFILE));
  } catch {
    return false;
  }
}

/** The base image with its digest; undefined where Docker cannot tell. */
async function pinnedBase(): Promise<string | undefined> {
  const args = ['buildx', 'imagetools', 'inspect', BASE_IMAGE, '--format', '{{.Manifest.Digest}}'];
  const answer = await run('docker', args, { timeout: DOCKER_MS }).catch(() => undefined);
  const digest = answer?.stdout.trim();
  return digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest) ? `${BASE_IMAGE}@${digest}` : undefined;
}

/** The very package that runs here, so that the image holds the same version; a checkout is built first. */
async function pack(folder: string): Promise<void> {
  const isCheckout = await isThere(join(PACKAGE, 'src', 'cli', 'main.ts'));
  // In a checkout npm is told not to run the scripts of packages; its own build must run.
  const scripts = isCheckout ? '--ignore-scripts=false' : '--ignore-scripts';
  try {
    await npm(['pack', '--silent', '--pack-destination', folder, scripts], PACKAGE);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n').at(-1) || cause.message : `${cause}`;
    throw new HarrierError('storage', `Harrier cannot be packed for the image (${reason.trim()})`, {
      where: PACKAGE,
      next: 'Check that npm runs here.',
      cause,
    });
  }
}

function npm(args: readonly string[], cwd: string): Promise<{ stdout: string }> {
  const options = { cwd, maxBuffer: OUTPUT_BYTES };
  // Windows starts scripts such as npm.cmd by a shell alone.
  if (process.platform === 'win32')
    return runLine(['npm', ...args.map((arg) => `"${arg}"`)].join(' '), options);
  return run('npm', args, options);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
