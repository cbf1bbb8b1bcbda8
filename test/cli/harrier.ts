import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { random } from '../../src/data/random.ts';
import { PROGRAM } from '../program.ts';
import { CommandHost } from './command-host.ts';
import type { Finished } from './finished.ts';

export type { Finished };

/** A `harrier` process under way. */
export interface Running {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when standard output and error together hold the text, or the process ends. */
  says(text: string): Promise<void>;
}

export interface Place {
  readonly cwd: string;
  /** The cache is a folder of the test's own, unless HARRIER_CACHE is among these. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What is started; the built command when left out. */
  readonly program?: string;
  /** Makes it the first of a process group, to which signals can be sent as a terminal sends them. */
  readonly ownGroup?: boolean;
}

/** Starts the real command in a process of its own. */
export function start(
  args: readonly string[],
  { cwd, environment = {}, program = PROGRAM, ownGroup = false }: Place,
): Running {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: environmentOf(cwd, environment),
    detached: ownGroup,
  });
  const output = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const check of waiting) check();
    });
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return {
    process: child,
    finished,
    says: (text) =>
      new Promise((resolve) => {
        const check = () => {
          if (!`${output.stdout}\n${output.stderr}`.includes(text)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        finished.then(() => resolve());
        check();
      }),
  };
}

let host: CommandHost | undefined;

/**
 * Runs the real command to its end: in a process that has run other commands of the same file of tests before, where one
 * is free; a process of its own is {@link start}'s.
 */
export function harrier(args: readonly string[], place: Place): Promise<Finished> {
  const { cwd, environment = {}, program, ownGroup } = place;
  if (program !== undefined || ownGroup) return start(args, place).finished;
  if (host?.isBusy && !host.isGone) return start(args, place).finished;
  if (!host || host.isGone) host = new CommandHost();
  return host.run(args, cwd, environmentOf(cwd, environment));
}

function environmentOf(cwd: string, changed: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, HARRIER_CACHE: join(cwd, 'cache'), ...changed };
}

/** An empty folder to work in, and its removal. */
export async function workplace(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'harrier-cli-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface ImageFolder {
  readonly classes?: readonly string[];
  readonly perClass?: number;
  readonly side?: number;
  /** Shades that chance may add to a colour; many make the classes hard to tell apart. */
  readonly noise?: number;
}

/** A folder of images that can be told apart: noise around a colour of each class. The same every time. */
export async function writeImages(
  path: string,
  { classes = ['cat', 'dog', 'ship'], perClass = 20, side = 8, noise = 56 }: ImageFolder = {},
): Promise<string> {
  for (const [label, name] of classes.entries()) {
    for (let i = 0; i < perClass; i++) {
      await writeImage(join(path, name, `${i}.png`), side, label, i, noise);
    }
  }
  return path;
}

/** One image of such a folder. */
export async function writeImage(
  path: string,
  side: number,
  label: number,
  number: number,
  noise = 56,
): Promise<void> {
  const stream = random(label, 'pictures', number);
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const colour = ((label + 1) * (60 + 40 * (i % 3))) % 200;
    return colour + stream.integer(noise);
  });
  await mkdir(dirname(path), { recursive: true });
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(path);
}

/** Standard error without the lines of progress that a busy machine needs: work of less than two seconds has none. */
export function withoutProgress({ stderr }: Pick<Finished, 'stderr'>): string {
  return stderr.replace(/^.+: \d+% \(.+ of .+\)\n/gm, '');
}

/** Also without the advice that `train` gives on how a run learns: few images learn as they may. */
export function withoutAdvice(finished: Pick<Finished, 'stderr'>): string {
  return withoutProgress(finished).replace(/^(Not learning so far|Not calibrated): .*\n/gm, '');
}

/** That a command ended well and complained of nothing; advice on how a run learns is no complaint. */
export function succeeded(finished: Finished): void {
  expect([finished.code, withoutAdvice(finished)]).toEqual([0, '']);
}

/** What every failure must look like: an exit code, one sentence for people, and no stack trace. */
export function sentenceOf({ stderr }: Pick<Finished, 'stderr'>): string {
  const lines = stderr.split('\n').filter((line) => line.startsWith('error: '));
  if (lines.length !== 1) throw new Error(`expected one line of error, received:\n${stderr}`);
  if (/^\s+at /m.test(stderr)) throw new Error(`a stack trace:\n${stderr}`);
  return lines[0].slice('error: '.length);
}
