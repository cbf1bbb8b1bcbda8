import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PROGRAM } from '../../program.ts';

/** One of our containers: the entry point as a process, and its `/opt/ml`. */
export class Container {
  readonly base: string;
  #process: ChildProcess | undefined;

  private constructor(base: string) {
    this.base = base;
  }

  static async make(): Promise<Container> {
    const base = await mkdtemp(join(tmpdir(), 'harrier-fake-'));
    for (const folder of ['input/config', 'input/data', 'model', 'output/data', 'checkpoints']) {
      await mkdir(join(base, folder), { recursive: true });
    }
    return new Container(base);
  }

  path(...parts: string[]): string {
    return join(this.base, ...parts);
  }

  async config(name: string, value: unknown): Promise<void> {
    await writeFile(this.path('input', 'config', `${name}.json`), JSON.stringify(value));
  }

  /** Starts it; what it says comes line by line. Resolves to its exit code, or null when a signal ended it. */
  async run(
    entry: 'train' | 'serve',
    environment: Readonly<Record<string, string>>,
    onLine: (line: string) => void,
  ): Promise<number | null> {
    const { PATH = '', HOME = '' } = process.env;
    // A container knows nothing of the user's environment, credentials least of all.
    const env = {
      PATH,
      HOME,
      HARRIER_CACHE: this.path('cache'),
      SAGEMAKER_BASE_DIR: this.base,
      ...environment,
    };
    const child = spawn(process.execPath, [PROGRAM, 'sagemaker', 'container', entry], {
      cwd: this.base,
      env,
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) onLine(line);
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return code;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  get alive(): boolean {
    return (
      this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
    );
  }

  async remove(): Promise<void> {
    if (this.alive) {
      const closed = once(this.#process!, 'close');
      this.kill('SIGKILL');
      await closed;
    }
    await rm(this.base, { recursive: true, force: true });
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
