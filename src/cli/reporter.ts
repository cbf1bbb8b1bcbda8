import type { WriteStream } from 'node:tty';
import type { Progress } from '../data/progress.ts';
import type { TextStyle } from '../evaluation/text.ts';
import { columnsOf, cutTo } from '../format/columns.ts';
import { formatBytes, printable } from '../format/format.ts';
import { bar } from './terminal.ts';

type Output = NodeJS.WriteStream & Partial<WriteStream>;

export interface ReporterOptions {
  /** Standard output carries one result for a program: everything for people then goes to standard error. */
  readonly machine?: boolean;
  readonly stdout?: Output;
  readonly stderr?: Output;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Told of all progress, too. */
  readonly onWork?: (progress: Progress) => void;
}

/** How often the updating line may be drawn anew. */
const REDRAW_MS = 100;
/** Where nothing can be updated, long work says so after this long, and again every so often. */
const FIRST_LINE_MS = 2_000;
const NEXT_LINE_MS = 15_000;

/** The only way to the terminal. People's text, a program's result, notes, and one updating line. */
export class Reporter {
  readonly #human: Output;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #onWork: ReporterOptions['onWork'];
  #shown = false;
  #drawn = Number.NEGATIVE_INFINITY;
  #work = { what: '', next: 0 };

  constructor({
    machine = false,
    stdout = process.stdout,
    stderr = process.stderr,
    environment = process.env,
    onWork,
  }: ReporterOptions = {}) {
    this.#onWork = onWork;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#human = machine ? stderr : stdout;
    this.#environment = environment;
  }

  /** Whether there is a line that can be updated. */
  get live(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** How text for people is set off: not at all in files and where NO_COLOR is set. */
  get style(): TextStyle {
    const colours = this.#human.isTTY === true && !this.#environment.NO_COLOR;
    const wrap = (open: number, close: number) => (text: string) =>
      colours ? `\x1b[${open}m${text}\x1b[${close}m` : text;
    return { strong: wrap(1, 22), faint: wrap(2, 22) };
  }

  /** Text for people. */
  print(text = ''): void {
    this.clear();
    this.#human.write(`${harmless(text)}\n`);
  }

  /** The result, for programs: standard output. */
  result(text: string): void {
    this.clear();
    this.#stdout.write(`${text}\n`);
  }

  /** The result as one line of JSON. */
  json(value: unknown): void {
    this.result(JSON.stringify(value));
  }

  /** Something that people should know about, beside the result: standard error. */
  note(text: string): void {
    this.clear();
    this.#stderr.write(`${harmless(text)}\n`);
  }

  error(message: string): void {
    // A message is one line, whatever a name in it holds.
    this.note(`error: ${printable(message)}`);
  }

  /**
   * Draws the updating line anew, at most ten times a second; nothing where there is none.
   *
   * @param render gives the line for a width in columns; what is longer is cut off
   */
  update(render: (columns: number) => string, { now = false }: { now?: boolean } = {}): void {
    if (!this.live) return;
    const time = performance.now();
    if (!now && time - this.#drawn < REDRAW_MS) return;
    this.#drawn = time;
    // The last column stays free: a full line makes some terminals scroll.
    const columns = (this.#stderr.columns || 80) - 1;
    this.#stderr.write(`\r\x1b[K${cutTo(columns, printable(render(columns)))}`);
    this.#shown = true;
  }

  /** What is being done, where it cannot be said how far it is. */
  status(text: string): void {
    this.update(() => text, { now: true });
  }

  /** Removes the updating line. */
  clear(): void {
    if (!this.#shown) return;
    this.#stderr.write('\r\x1b[K');
    this.#shown = false;
    this.#drawn = Number.NEGATIVE_INFINITY;
  }

  /** Progress of a piece of work: a bar where a line can be updated, else a plain line now and then. */
  readonly work = (progress: Progress): void => {
    this.#onWork?.(progress);
    const { what, done, total } = progress;
    const time = performance.now();
    const isNew = this.#work.what !== what;
    const isDone = total > 0 && done >= total;
    if (isNew) this.#work = { what, next: time + FIRST_LINE_MS };
    if (isDone) {
      // The same work may begin anew: every epoch is validated.
      this.#work = { what: '', next: 0 };
      this.clear();
    } else if (this.live) {
      this.update((columns) => workLine(progress, columns), { now: isNew });
    } else if (time >= this.#work.next) {
      this.#work.next = time + NEXT_LINE_MS;
      this.note(workText(progress));
    }
  };
}

/** Line breaks, tabs, and what sets text off in `style`. */
const ESCAPE = '\u001b';
const OWN_CODES = new RegExp(`(\\n|\\t|${ESCAPE}\\[(?:1|2|22)m)`);

/** Text whose names of files and classes cannot steer the terminal. */
function harmless(text: string): string {
  return text
    .split(OWN_CODES)
    .map((part, i) => (i % 2 === 1 ? part : printable(part)))
    .join('');
}

function workLine(progress: Progress, columns: number): string {
  const text = workText(progress);
  const width = Math.min(30, columns - columnsOf(text) - 2);
  if (progress.total === 0 || width < 5) return text;
  return `${bar(progress.done / progress.total, width)}  ${text}`;
}

function workText({ what, done, total, unit }: Progress): string {
  const amount = (value: number) => (unit === 'bytes' ? formatBytes(value) : value.toLocaleString('en-US'));
  if (total === 0) return `${what}: ${amount(done)}${unit === 'bytes' ? '' : ` ${unit}`}`;
  const suffix = unit === 'bytes' ? '' : ` ${unit}`;
  return `${what}: ${Math.floor((100 * done) / total)}% (${amount(done)} of ${amount(total)}${suffix})`;
}
