import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PEERS_FOLDER } from '../peers.ts';

/** A server that runs, as a process of its own. */
export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

const START_MS = 60_000;

/** Starts `harrier serve` as a user would. */
export function startHarrier(modelFile: string, args: readonly string[]): Promise<RunningServer> {
  return started(
    [process.execPath, process.argv[1], 'serve', modelFile, '--port', '0', '--log', 'error', ...args],
    /at http:\/\/127\.0\.0\.1:(\d+)/,
  );
}

const FASTAPI = join(PEERS_FOLDER, 'fastapi');
const PYTHON = join(FASTAPI, '.venv', 'bin', 'python');

export const hasFastApi = (): boolean => existsSync(PYTHON);

/** Starts bench/peers/fastapi/serve.py. */
export async function startFastApi(
  modelFile: string,
  { processes, threads }: { processes: number; threads: number },
): Promise<RunningServer> {
  const server = await started(
    [PYTHON, join(FASTAPI, 'serve.py'), modelFile, '--processes', `${processes}`, '--threads', `${threads}`],
    /serving on port (\d+)/,
  );
  const end = performance.now() + START_MS;
  const answers = () =>
    fetch(`http://127.0.0.1:${server.port}/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
  // All of its processes share the port, and each must have had the time to load the model.
  for (let good = 0; good < 20 * processes; good = (await answers()) ? good + 1 : 0) {
    if (performance.now() > end) {
      await server.stop();
      throw new Error('it did not answer within a minute');
    }
    await sleep(50);
  }
  return server;
}

/** Resolves when the process says on standard error which port it serves. */
function started([program, ...args]: readonly string[], says: RegExp): Promise<RunningServer> {
  // The requests bear no token.
  const { HARRIER_TOKEN: _, ...env } = process.env;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  return new Promise((resolve, reject) => {
    let text = '';
    const give = (reason: string) => reject(new Error(`${reason}\n${text.trim().slice(-2000)}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      give('it did not start within a minute');
    }, START_MS);
    child.on('error', (error) => give(error.message));
    child.on('exit', (code) => give(`it ended with code ${code}`));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const [, port] = says.exec(text) ?? [];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve({ port: Number(port), stop: () => stop(child) });
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
