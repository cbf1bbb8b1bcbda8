import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Finished } from './finished.ts';

const HOST = fileURLToPath(new URL('command-host.js', import.meta.url));
/** Ends the output of a command; its exit code comes after it. */
const END = '\u0000end\u0000';

/** A process that runs one command after another. */
export class CommandHost {
  readonly #child: ChildProcess;
  readonly #gone: Promise<Pick<Finished, 'code' | 'signal'>>;
  #isBusy = false;
  #isGone = false;

  constructor() {
    this.#child = spawn(process.execPath, [HOST], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
    this.#gone = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.#isGone = true;
        resolve({ code, signal });
      });
    });
    this.#keepAlive(false);
  }

  /** Whether it runs a command. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether it has ended. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Runs a command to its end. One that ends its process ends this one. */
  async run(args: readonly string[], cwd: string, environment: NodeJS.ProcessEnv): Promise<Finished> {
    this.#isBusy = true;
    this.#keepAlive(true);
    const output = { stdout: '', stderr: '' };
    const codes = Promise.all((['stdout', 'stderr'] as const).map((name) => this.#read(name, output)));
    const request = this.#child.stdio[3] as Socket;
    request.write(`${JSON.stringify({ args, cwd, environment, end: END })}\n`);
    const done = codes.then(([code]) => ({ code, signal: null }));
    const ended = await Promise.race([done, this.#gone]);
    this.#keepAlive(false);
    this.#isBusy = false;
    return { ...ended, ...output };
  }

  /** @returns the exit code */
  #read(name: 'stdout' | 'stderr', output: Record<typeof name, string>): Promise<number> {
    const stream = this.#child[name]!.setEncoding('utf8');
    return new Promise((resolve) => {
      const take = (text: string) => {
        output[name] += text;
        const end = output[name].lastIndexOf(END);
        if (end < 0 || !output[name].endsWith('\n')) return;
        const code = Number(output[name].slice(end + END.length));
        output[name] = output[name].slice(0, end);
        stream.off('data', take);
        resolve(code);
      };
      stream.on('data', take);
    });
  }

  /** Whether the tests wait for it. When they end, it ends with them. */
  #keepAlive(isAwaited: boolean): void {
    const how = isAwaited ? 'ref' : 'unref';
    this.#child[how]();
    for (const stream of this.#child.stdio) (stream as Socket | null)?.[how]();
  }
}
