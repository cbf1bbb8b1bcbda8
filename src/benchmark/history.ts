import { check } from '../options/check.ts';
import { byName, count, number, object, pattern, type Schema, text } from '../options/kinds.ts';
import type { Measured } from './measure.ts';

const measured: Schema<Measured> = object({
  min: number({ above: 0 }),
  median: number({ above: 0 }),
  max: number({ above: 0 }),
});

const schema = object({
  /** Harrier's version. */
  release: text(),
  date: pattern(/^\d{4}-\d{2}-\d{2}$/, 'a date such as 2026-11-28'),
  cpu: text(),
  /** That the figures were measured with. */
  threads: count,
  /** Such as `onnxruntime-node 1.30.0`. */
  runtime: text(),
  node: text(),
  /** Of each figure, over the rounds of one run: its time as a multiple of what the machine's own rates allow. */
  ratios: byName(measured),
});

/** A line of `docs/bench-history.jsonl`: how fast a release is on a machine. */
export type BenchLine = typeof schema extends Schema<infer Line> ? Readonly<Line> : never;

/**
 * Reads a history: one JSON object a line.
 *
 * @param where the file, for messages
 * @throws HarrierError `bad-data` when a line is none
 */
export function parseBenchHistory(content: string, where: string): BenchLine[] {
  return content.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    return [
      check(schema, jsonOf(line), {
        code: 'bad-data',
        where: `${where}, line ${i + 1}`,
        summary: (field) => `${field || 'this line'} does not belong into a history of measurements`,
      }),
    ];
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

/** How a figure stands against an earlier measurement. */
export interface FigureChange {
  readonly figure: string;
  readonly before: Measured | undefined;
  readonly now: Measured;
  /** `slower` and `faster` are said only where the rounds of one lie wholly beyond those of the other. */
  readonly verdict: 'slower' | 'faster' | 'within noise' | 'new';
}

/** Compares each figure with an earlier measurement of the same machine. */
export function compareBenchLines(
  now: Pick<BenchLine, 'ratios'>,
  before: Pick<BenchLine, 'ratios'> | undefined,
): FigureChange[] {
  return Object.entries(now.ratios).map(([figure, own]) => {
    const old = before && Object.hasOwn(before.ratios, figure) ? before.ratios[figure] : undefined;
    return { figure, before: old, now: own, verdict: old ? verdictOf(own, old) : 'new' };
  });
}

function verdictOf(now: Measured, before: Measured): FigureChange['verdict'] {
  if (now.min > before.max) return 'slower';
  return now.max < before.min ? 'faster' : 'within noise';
}

/** The newest line that can be compared: the same processor and threads. */
export function lastOfMachine(
  history: readonly BenchLine[],
  { cpu, threads }: Pick<BenchLine, 'cpu' | 'threads'>,
): BenchLine | undefined {
  return history.findLast((line) => line.cpu === cpu && line.threads === threads);
}
