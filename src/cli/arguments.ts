import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * ONNX Runtime reads the command line of its process, and crashes where that is longer than some 28,900 bytes. A shell
 * gives up to two megabytes: `predict *.jpg` with a few thousand images.
 */
const MOST_BYTES = 16_384;
/** File descriptor over which a long command line is handed on. */
const DESCRIPTOR = 3;
const HANDED_ON = 'HARRIER_ARGUMENTS';

/**
 * The arguments of this process. With more of them than a model can be run with, the same program is started anew and
 * reads them from a pipe; this process then waits for it, passes signals on and ends as it ended.
 *
 * @returns undefined where the other process does the work
 */
export async function commandArguments(): Promise<readonly string[] | undefined> {
  const given = process.argv.slice(2);
  if (process.env[HANDED_ON] === `${process.ppid}`) {
    delete process.env[HANDED_ON];
    return JSON.parse(readFileSync(DESCRIPTOR, 'utf8'));
  }
  const bytes = given.reduce((total, argument) => total + Buffer.byteLength(argument) + 1, 0);
  if (bytes <= MOST_BYTES) return given;
  await runAnew(given);
  return undefined;
}

async function runAnew(given: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [HANDED_ON]: `${process.pid}` },
  });
  const pipe = child.stdio[DESCRIPTOR] as NodeJS.WritableStream;
  // A child that could not start says so by its exit.
  pipe.on('error', () => {});
  pipe.end(JSON.stringify(given));
  // A terminal sends them to both processes; a signal to this process alone is meant for the work.
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {});
  const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal }));
    },
  );
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  process.exitCode = code ?? 1;
}
