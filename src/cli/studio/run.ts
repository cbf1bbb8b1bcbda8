import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { isNamedData } from '../../platform/node/datasets/data-kind.ts';
import { isManifestName } from '../../platform/node/datasets/manifest.ts';
import { isPackedName } from '../../platform/node/datasets/packed/index.ts';
import { isLoopback } from '../../server/addresses.ts';
import { isPrivate, startStudio } from '../../studio-server/start.ts';
import { noteElsewhere } from '../elsewhere.ts';
import { stacks } from '../failure.ts';
import { type Interruption, watchInterruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { exportStudio } from './export.ts';
import { builtPage } from './page.ts';
import { readTrainWords } from './read-words.ts';

/** The options of `studio` as they were typed. */
export interface StudioCommandOptions {
  readonly data?: readonly string[];
  readonly dataFolder?: string;
  readonly port: number;
  readonly host: string;
  readonly allowHost?: readonly string[];
  readonly token?: string;
  readonly open?: boolean;
  readonly export?: string;
  readonly runs?: readonly string[];
  readonly with?: string;
  readonly json?: boolean;
}

/** `harrier studio`: until it is told to end. */
export async function runStudio(runsFolder: string, options: StudioCommandOptions): Promise<void> {
  const { port, host, json } = options;
  const reporter = new Reporter({ machine: json });
  checkPort(port);
  if (options.runs && options.export === undefined) {
    throw new HarrierError('bad-option', '--runs needs --export', {
      next: 'Studio itself shows all runs of its folder: npx harrier studio RUNS-DIR.',
    });
  }
  if (options.with !== undefined && options.export === undefined) {
    throw new HarrierError('bad-option', '--with needs --export', {
      next: `Studio itself takes the model from the cache: npx harrier models fetch ${options.with}.`,
    });
  }
  if (options.dataFolder !== undefined && options.export !== undefined) {
    throw new HarrierError('bad-option', '--data-folder does not go with --export', {
      next: 'In exported files no data set can be made: leave it out.',
    });
  }
  await checkRunsFolder(runsFolder);
  for (const each of options.data ?? []) await checkData(each);
  const pageFolder = await builtPage(reporter);
  if (options.export !== undefined) {
    // Whose images go to a public place is said, and never guessed.
    const { export: folder, runs = [], data = [], with: backbone } = options;
    await exportStudio({ folder, pageFolder, runs, data, backbone, reporter, json });
    return;
  }
  const interruption = watchInterruption(() =>
    reporter.note('Stopping: runs that Studio started are saved first. Press Ctrl-C again to stop at once.'),
  );
  try {
    const studio = await startStudio({
      runsFolder,
      data: options.data ?? (options.dataFolder === undefined ? ['cifar10'] : []),
      ...(options.dataFolder !== undefined && { dataFolder: options.dataFolder }),
      pageFolder,
      ...serverOptions(options, reporter),
      allowedHosts: options.allowHost,
    });
    if (json) reporter.json({ url: studio.url, port: studio.port });
    reporter.note(`Studio is at ${studio.url} (Ctrl-C ends it).`);
    noteElsewhere(studio.url, host, reporter);
    if (!isPrivate({ host, allowedHosts: options.allowHost })) {
      const what = isLoopback(host) ? 'names that --allow-host allows' : 'this address';
      reporter.note(
        `Others can reach ${what}: only who knows the token in the address is let in. Over a network that you`,
      );
      reporter.note(
        'do not trust, put a proxy with TLS in front: the token and all images are sent as they are.',
      );
    }
    if (options.open) openBrowser(studio.url, reporter);
    await untilInterrupted(interruption);
    await studio.close();
  } finally {
    interruption.end();
  }
}

/** @throws HarrierError `bad-option` */
export function checkPort(port: number): void {
  if (port <= 65_535) return;
  throw new HarrierError('bad-option', 'this port does not exist', {
    where: '--port',
    expected: 'at most 65535',
    received: `${port}`,
  });
}

/** Waits until somebody ends the command. */
export function untilInterrupted({ signal }: Pick<Interruption, 'signal'>): Promise<void> {
  return new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

async function checkRunsFolder(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (!info || info.isDirectory()) return;
  throw new HarrierError('bad-option', 'this is a file', {
    where: resolve(path),
    expected: 'a folder of runs, or a path that does not exist yet',
  });
}

/** So that a mistyped path is told at once, and not by a page that stays empty. */
async function checkData(name: string): Promise<void> {
  if (isNamedData(name)) return;
  const info = await stat(name).catch(() => undefined);
  if (info?.isDirectory() || (info && (isManifestName(name) || isPackedName(name)))) return;
  throw new HarrierError('not-found', info ? 'this is a file' : 'there is no such data set or folder', {
    where: name,
    expected:
      'cifar10, cifar100, fashion-mnist, mnist, hf:datasets/OWNER/NAME, the path of a folder with one sub-folder of images per class, of a list (.csv, .jsonl), or of an archive',
    next: 'Check --data.',
  });
}

/** Opens the address as the system opens addresses; that there is no browser is no failure. */
export function openBrowser(url: string, reporter: Reporter): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url];
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  child.on('error', () => reporter.note('No browser could be opened. Open the address yourself.'));
  child.unref();
}

/** What Studio's server is started with, whatever it shows. */
export function serverOptions(
  { host, port, token }: { readonly host: string; readonly port: number; readonly token?: string },
  reporter: Reporter,
) {
  return {
    program: process.argv[1],
    readWords: readTrainWords,
    host,
    port,
    token: token ?? process.env.HARRIER_TOKEN,
    log: (error: unknown) => reporter.note(`error: ${stacks(error)}`),
  };
}
