import { resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { type Spread, spreadOf } from '../../evaluation/index.ts';
import { formatPercent } from '../../format/format.ts';
import { newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import type { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { createSeedsFolder, isSeedsFolder, SeedsFolder } from '../../platform/node/runs/seeds-folder.ts';
import type { RunOptions, RunRecord } from '../../runs/run-record.ts';
import type { Reporter } from '../reporter.ts';
import { shellQuote, shortPath } from '../terminal.ts';
import { dataFromAnywhere, fromAnywhere, movedData } from './options.ts';
import { partOfSeveral } from './part-of-several.ts';
import { checkResumed } from './resumed-options.ts';

/** Whether several runs are wanted: by --seeds, or by the folder that is to go on. */
export async function wantsSeeds({ seeds, resume }: TrainOptions): Promise<boolean> {
  return seeds !== undefined || (resume !== undefined && (await isSeedsFolder(resume)));
}

/**
 * `harrier train --seeds`: one run after another, each in its own folder, and at the end what they have in common.
 * Interrupted, it goes on where it was; given more seeds, it adds them.
 *
 * @param train trains one run to its end
 */
export async function trainSeeds(
  typed: TrainOptions,
  words: readonly string[],
  reporter: Reporter,
  train: (given: TrainOptions) => Promise<void>,
): Promise<void> {
  const folder = await openFolder(typed, words);
  const record = await folder.read();
  // Only a resumed run is told where its data has moved; what begins knows it from `given`.
  const moved = await movedData(typed);
  for (const [i, seed] of record.seeds.entries()) {
    const run = folder.run(seed);
    reporter.print(
      `${i === 0 ? '' : '\n'}${reporter.style.strong(`Seed ${seed}`)}, ${i + 1} of ${record.seeds.length}`,
    );
    const begun = (await run.read('record')) !== undefined;
    if (begun && (await run.record()).result) {
      reporter.print('It is finished.');
      continue;
    }
    const like = i > 0 && !begun ? await folder.run(record.seeds[0]).record() : undefined;
    const own: TrainOptions = begun
      ? { resume: run.path, logTo: record.given.logTo }
      : { ...record.given, seed, out: run.path, like };
    const part = { partOf: folder.path, words: [...record.words, '--seed', `${seed}`] };
    await train(partOfSeveral(own, typed, moved, part)).catch(async (error) => {
      // Refused before the first run began: the same command may be tried again.
      if (i === 0 && typed.resume === undefined) await folder.discardUnlessBegun(seed);
      throw error;
    });
  }
  const results = await Promise.all(record.seeds.map((seed) => resultOf(seed, folder.run(seed))));
  printResult(folder.path, results, reporter, typed.json);
}

async function openFolder(typed: TrainOptions, words: readonly string[]): Promise<SeedsFolder<TrainOptions>> {
  if (typed.resume !== undefined) return resume(typed, typed.resume);
  const { options } = await newRun(typed);
  const { seeds: count = 1, seed: _, out, json: __, ...given } = typed;
  const folder = await createSeedsFolder<TrainOptions>(options.recipe, out);
  await folder.write({
    created: new Date().toISOString(),
    seeds: seedsFrom(options.seed, count),
    given: await fromAnywhere(given),
    words: withoutFolders(words),
  });
  return folder;
}

/** @throws HarrierError `bad-option` for what cannot change, or fewer seeds than before */
async function resume(typed: TrainOptions, path: string): Promise<SeedsFolder<TrainOptions>> {
  if (!(await isSeedsFolder(path))) {
    throw new HarrierError('bad-option', 'this is not a folder of train --seeds', {
      where: path,
      expected: 'a folder with seeds.json',
      next: 'Leave --seeds out to resume a single run.',
    });
  }
  checkResumed(typed, (option) => option === 'seeds', 'resumed runs keep their own options');
  const folder = new SeedsFolder<TrainOptions>(resolve(path));
  const record = await folder.read();
  const { seeds: count = record.seeds.length } = typed;
  if (count < record.seeds.length) {
    throw new HarrierError('bad-option', 'resumed runs can have more seeds, but not fewer', {
      where: '--seeds',
      expected: `at least ${record.seeds.length}`,
      received: `${count}`,
    });
  }
  const { data } = typed;
  if (count > record.seeds.length || data !== undefined) {
    await folder.write({
      ...record,
      seeds: seedsFrom(record.seeds[0], count),
      // Seeds that have not begun find the data where it is now.
      given: { ...record.given, ...(data !== undefined && { data: await dataFromAnywhere(data) }) },
    });
  }
  return folder;
}

/** What may differ between the seeds of one folder, or is compared otherwise. */
const OWN: readonly (keyof RunOptions)[] = ['seed', 'threads', 'device', 'source', 'data', 'recipeFile'];

/** What follows the number of training images. */
const OF_THE_SIZE: readonly (keyof RunOptions)[] = ['batchSize', 'epochs', 'optimizer'];

/**
 * Checks that the run of a new seed differs from the first one's by its seed alone: a recipe or data may have been
 * changed in the meantime.
 * @throws HarrierError `bad-option` or `bad-data`
 */
export function checkAlike(run: RunRecord, first: RunRecord): void {
  const [now, then] = [run, first].map(({ options }) => ({
    ...options,
    // The same model has another path from another folder.
    from: options.from && { ...options.from, name: undefined },
  }));
  const names = new Set([...Object.keys(now), ...Object.keys(then)] as (keyof RunOptions)[]);
  // Groups of images that stay together can make the split, and what follows its size, another for each seed.
  const isAsLarge = run.data.train.images === first.data.train.images;
  const own = isAsLarge ? OWN : [...OWN, ...OF_THE_SIZE];
  const different = [...names].find((name) => !own.includes(name) && !isSame(now[name], then[name]));
  // The normalization is that of the training images, which a validation split draws by the seed.
  const layers = ({ network: { normalization: _, ...network } }: RunRecord) => network;
  if (different !== undefined || !isSame(layers(run), layers(first))) {
    throw new HarrierError('bad-option', 'its training would differ from that of the first seed', {
      where: `seed ${run.options.seed}`,
      expected: `the same ${different ?? 'network'}`,
      next: 'Restore the recipe, or start again without --resume.',
    });
  }
  const parts = run.options.validationSplit > 0 ? (['test'] as const) : (['train', 'test'] as const);
  const changed = parts.find((part) => run.data[part].hash !== first.data[part].hash);
  if (changed === undefined) return;
  throw new HarrierError('bad-data', 'the data has changed since the first seed was trained', {
    where: run.data[changed].name,
    expected: `SHA-256 ${first.data[changed].hash}`,
    received: run.data[changed].hash,
    next: 'Restore the old data, or start again without --resume.',
  });
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const seedsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** The words of a command without those that a single run of it has otherwise. */
function withoutFolders(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    if (/^--(seeds|seed|out)$/.test(words[i])) i++;
    else if (!/^--((seeds|seed|out)=|json$)/.test(words[i])) kept.push(words[i]);
  }
  return kept;
}

interface SeedResult {
  readonly seed: number;
  readonly run: string;
  readonly testAccuracy: number;
  readonly trainingAccuracy: number;
  readonly seconds: number;
}

async function resultOf(seed: number, folder: RunFolder): Promise<SeedResult> {
  const { result } = await folder.record();
  const { testAccuracy, trainingAccuracy, seconds } = result!;
  return { seed, run: folder.path, testAccuracy, trainingAccuracy, seconds };
}

function printResult(path: string, runs: readonly SeedResult[], reporter: Reporter, json?: boolean): void {
  const testAccuracy = spreadOf(runs.map((run) => run.testAccuracy));
  const { style } = reporter;
  const width = Math.max(...runs.map(({ seed }) => `${seed}`.length));
  reporter.print();
  for (const { seed, ...run } of runs) {
    reporter.print(
      `seed ${`${seed}`.padStart(width)}  ${formatPercent(run.testAccuracy)}  ${style.faint(shortPath(run.run))}`,
    );
  }
  reporter.print(style.strong(spreadText(testAccuracy)));
  reporter.print();
  reporter.print(style.strong(`Everything is in ${shortPath(path)}`));
  const more = `npx harrier train --seeds ${runs.length + 2} --resume ${shellQuote(shortPath(path))}`;
  reporter.print(`  ${more}  ${style.faint('add two seeds')}`);
  if (json) {
    const trainingAccuracy = spreadOf(runs.map((run) => run.trainingAccuracy));
    reporter.json({ folder: path, testAccuracy, trainingAccuracy, runs });
  }
}

/** "mean 94.03% ± 0.11% (standard deviation of 3 seeds), lowest 93.92%, highest 94.14%". */
export function spreadText({ count, mean, standardDeviation, minimum, maximum }: Spread): string {
  if (standardDeviation === null) return `${formatPercent(mean)} with one seed`;
  return (
    `mean ${formatPercent(mean)} ± ${formatPercent(standardDeviation)} (standard deviation of ${count} seeds), ` +
    `lowest ${formatPercent(minimum)}, highest ${formatPercent(maximum)}`
  );
}
