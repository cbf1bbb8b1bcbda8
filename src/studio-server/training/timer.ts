import { type ChildProcess, fork } from 'node:child_process';
import { HarrierError } from '../../errors.ts';
import { jsonObject } from '../../json-text.ts';

/** Times runs that were not begun, one at a time: `harrier train --dry-run`, a process of its own. */
export class RunTimer {
  readonly #program: string;
  #child: ChildProcess | undefined;

  /** @param program the script that is started as `node PROGRAM train …` */
  constructor(program: string) {
    this.#program = program;
  }

  /**
   * About how many seconds a run takes. Another that is being timed ends without an answer.
   *
   * @param words those after `harrier train`
   * @throws HarrierError `bad-option` that says why it cannot be timed; `refused` when another took its place
   */
  async seconds(words: readonly string[]): Promise<number> {
    this.close();
    const child = fork(this.#program, ['train', ...words, '--dry-run', '--json'], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: process.platform !== 'win32',
    });
    this.#child = child;
    let [result, said] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      result += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
    });
    await new Promise<void>((resolve) => {
      child.once('error', (error) => {
        said += `\nerror: ${error.message}`;
        resolve();
      });
      child.once('close', () => resolve());
    });
    if (this.#child !== child) throw new HarrierError('refused', 'another run is timed instead');
    this.#child = undefined;
    const { seconds } = jsonObject(result) ?? {};
    if (typeof seconds === 'number') return seconds;
    const line = said.split('\n').findLast((each) => each.startsWith('error: '));
    throw new HarrierError(
      'bad-option',
      line?.slice('error: '.length).replace(/\.$/, '') ?? 'this run could not be timed',
    );
  }

  /** Ends what is being timed. */
  close(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill();
  }
}
