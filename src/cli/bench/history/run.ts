import { appendFile, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type BenchLine,
  compareBenchLines,
  type FigureChange,
  lastOfMachine,
  type Measured,
  parseBenchHistory,
} from '../../../benchmark/index.ts';
import { aligned } from '../../../format/format.ts';
import { describeHardware } from '../../../platform/node/engine/hardware.ts';
import { nodeRuntime } from '../../../platform/node/engine/runtime.ts';
import { storageError } from '../../../platform/node/files/cache.ts';
import { readError } from '../../../platform/node/files/read-error.ts';
import { HARRIER_VERSION } from '../../../platform/node/version.ts';
import { Reporter } from '../../reporter.ts';
import { measureRatios } from './measure.ts';

/** The options of `bench --compare` as they were typed. */
export interface HistoryBenchOptions {
  /** A file, or true for the package's own. */
  readonly compare?: string | true;
  /** The file that gets a line. */
  readonly save?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** The history of the releases, in the checkout and in the package. */
const OWN_HISTORY = fileURLToPath(new URL('../../../../docs/bench-history.jsonl', import.meta.url));

/** `harrier bench --compare` and `--save`: how fast this release is beside the last one that was measured here. */
export async function runHistoryBenchCommand(options: HistoryBenchOptions): Promise<void> {
  const { compare, save, threads, json } = options;
  const reporter = new Reporter({ machine: json });
  // Before minutes of measuring: a file that cannot be read is said at once.
  const file = typeof compare === 'string' ? compare : OWN_HISTORY;
  const history = compare === undefined ? [] : parseBenchHistory(await contentOf(file), file);
  if (save !== undefined) parseBenchHistory(await contentOf(save, { isNew: true }), save);

  const runtime = nodeRuntime({ threads });
  const ratios = await measureRatios(runtime, (what) => {
    if (reporter.live) reporter.update(() => `measuring: ${what}`, { now: true });
    else reporter.note(`measuring: ${what}`);
  });
  reporter.clear();
  const now: BenchLine = {
    release: HARRIER_VERSION,
    date: new Date().toISOString().slice(0, 10),
    cpu: describeHardware().cpu,
    threads: runtime.threads,
    runtime: runtime.name,
    node: process.versions.node,
    ratios,
  };
  const before = lastOfMachine(history, now);
  const changes = compareBenchLines(now, before);
  if (json) reporter.json({ ...now, ...(compare !== undefined && { before, changes }) });
  else reporter.print(historyText(now, before, changes));
  if (compare !== undefined && !before) {
    reporter.note(`Note: ${file} has no line of this processor with ${now.threads} threads to compare with.`);
  }
  if (save !== undefined) {
    await appendFile(save, `${JSON.stringify(now)}\n`).catch((error: unknown) => {
      throw storageError(error, save, 'choose another file with --save');
    });
    reporter.note(`Added a line to ${save}.`);
  }
}

/** @throws HarrierError `not-found`; `storage` */
async function contentOf(file: string, { isNew = false } = {}): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isNew && (error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw readError(error, file, 'file');
  }
}

/** The figures as a table for people, and what became slower. */
export function historyText(
  now: BenchLine,
  before: BenchLine | undefined,
  changes: readonly FigureChange[],
): string {
  const rows = changes.map(({ figure, before: own, now, verdict }) => [
    figure,
    ...(before ? [own ? words(own) : ''] : []),
    words(now),
    verdict === 'new' ? '' : verdict,
  ]);
  const slower = changes.filter(({ verdict }) => verdict === 'slower').map(({ figure }) => figure);
  return [
    `${now.cpu}, ${now.threads} threads, ${now.runtime}, Node ${now.node}`,
    'Each time as a multiple of what its arithmetic and its traffic take at the rates of a large matrix product and of main',
    'memory, measured beside it; of starts, as a multiple of what Node alone takes. In brackets: the range over the rounds.',
    '',
    ...aligned([['', ...(before ? [`${before.release}, ${before.date}`] : []), 'now', ''], ...rows]),
    ...(before ? ['', slower.length > 0 ? `Slower: ${slower.join('; ')}.` : 'Nothing became slower.'] : []),
  ].join('\n');
}

function words({ min, median, max }: Measured): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}
