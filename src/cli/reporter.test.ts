import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Progress } from '../data/progress.ts';
import { columnsOf } from '../format/columns.ts';
import { Reporter, type ReporterOptions } from './reporter.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A reporter whose output is kept. */
function reporter({
  isTTY = false,
  columns = 60,
  ...options
}: ReporterOptions & { isTTY?: boolean; columns?: number }) {
  const output = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    ({ isTTY, columns, write: (text: string) => (output[name] += text) }) as unknown as NodeJS.WriteStream;
  const own = new Reporter({
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    environment: {},
    ...options,
  });
  return { reporter: own, output };
}

const progress = (done: number, total = 100): Progress => ({ what: 'fetching', done, total, unit: 'files' });

describe('Reporter', () => {
  it('keeps standard output for the result when that is for programs', () => {
    const machine = reporter({ machine: true });
    machine.reporter.print('for people');
    machine.reporter.note('beside');
    machine.reporter.json({ answer: 42 });
    expect(machine.output).toEqual({ stdout: '{"answer":42}\n', stderr: 'for people\nbeside\n' });

    const people = reporter({});
    people.reporter.print('for people');
    people.reporter.error('gone');
    expect(people.output).toEqual({ stdout: 'for people\n', stderr: 'error: gone\n' });
  });

  it('keeps the updating line within the terminal, also with wide names', () => {
    const { reporter: wide, output } = reporter({ isTTY: true, columns: 40 });
    wide.work({ ...progress(1), what: '昆虫' });
    const [, line] = output.stderr.split('\x1b[K');
    expect(line).toMatch(/ {2}昆虫: 1% \(1 of 100 files\)$/);
    expect(columnsOf(line)).toBeLessThan(40);
    wide.status('昆虫'.repeat(20));
    expect(columnsOf(output.stderr.split('\x1b[K').at(-1)!)).toBe(38);
  });

  it('sets text off on a terminal only, and not where NO_COLOR is set', () => {
    expect(reporter({ isTTY: true }).reporter.style.strong('x')).toBe('\x1b[1mx\x1b[22m');
    expect(reporter({ isTTY: false }).reporter.style.strong('x')).toBe('x');
    expect(reporter({ isTTY: true, environment: { NO_COLOR: '1' } }).reporter.style.strong('x')).toBe('x');
  });

  it('draws the updating line at most ten times a second, cut to the width, and removes it before other text', () => {
    const { reporter: own, output } = reporter({ isTTY: true, columns: 11 });
    own.update(() => 'a line that is too long');
    own.update(() => 'too soon');
    vi.advanceTimersByTime(101);
    own.update(() => 'later');
    own.print('done');
    expect(output.stderr).toBe('\r\x1b[Ka line tha\r\x1b[Klater\r\x1b[K');
    expect(output.stdout).toBe('done\n');
  });

  it('shows progress as a bar on a terminal', () => {
    const { reporter: own, output } = reporter({ isTTY: true });
    own.work(progress(50));
    const bar = '━'.repeat(13) + '╌'.repeat(13);
    expect(output.stderr).toBe(`\r\x1b[K${bar}  fetching: 50% (50 of 100 files)`);
    own.work(progress(100));
    expect(output.stderr.endsWith('\r\x1b[K')).toBe(true);
  });

  it('elsewhere says of work that takes long how far it is, now and then', () => {
    const { reporter: own, output } = reporter({});
    own.work(progress(0));
    vi.advanceTimersByTime(1_500);
    own.work(progress(10));
    expect(output.stderr).toBe('');
    vi.advanceTimersByTime(1_000);
    own.work(progress(20));
    vi.advanceTimersByTime(5_000);
    own.work(progress(30));
    expect(output.stderr).toBe('fetching: 20% (20 of 100 files)\n');
    own.work(progress(100));
    own.work(progress(0));
    expect(output.stderr).toBe('fetching: 20% (20 of 100 files)\n');
  });
});
