import { dirname, join } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { type Spread, spreadOf } from '../../evaluation/index.ts';
import { formatPercent } from '../../format/format.ts';
import { findRun } from '../../platform/node/runs/find-run.ts';
import { newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import { checkStoredRecipe } from '../../platform/node/runs/recipe-files.ts';
import type { RunFolder } from '../../platform/node/runs/run-folder.ts';
import {
  createSeedsFolder,
  isSeedsFolder,
  SEEDS_FILE,
  SeedsFolder,
} from '../../platform/node/runs/seeds-folder.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { noAdaptive } from '../../runs/check-adaptive.ts';
import { noRejectingEnsemble } from '../../runs/check-reject.ts';
import { CHANGEABLE_FIELDS, givenAnew } from '../../runs/given-anew.ts';
import type { RunOptions, RunRecord, RunResult } from '../../runs/run-record.ts';
import type { SeedsRecord } from '../../runs/seeds-record.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import {
  fromAnywhere,
  givenAgain,
  givenToSeveral,
  isSameModel,
  keptOptions,
  withoutSecrets,
} from './options.ts';
import { checkResumed } from './resumed-options.ts';

/** Whether several runs are wanted: by --seeds, or by the folder that is to go on. */
export async function wantsSeeds({ seeds, resume }: TrainOptions): Promise<boolean> {
  return seeds !== undefined || (resume !== undefined && (await seedsFolderOf(resume)) !== undefined);
}

/** The folder of several seeds that a user names to go on with; the latest run stands for all of them. */
async function seedsFolderOf(resume: string): Promise<string | undefined> {
  const { path } = await findRun(resume);
  if (await isSeedsFolder(path)) return path;
  const isLatest = resume === 'latest' && (await isSeedsFolder(dirname(path)));
  return isLatest ? dirname(path) : undefined;
}

/**
 * `harrier train --seeds`: one run after another, each in its own folder, and at the end what they have in common; with
 * --ensemble also the run that averages their models. Interrupted, it goes on where it was; given more seeds, it adds
 * them.
 *
 * @param train trains one run to its end
 */
export async function trainSeeds(
  typed: TrainOptions,
  words: readonly string[],
  reporter: Reporter,
  train: (given: TrainOptions) => Promise<void>,
): Promise<void> {
  const { folder, record } = await openFolder(typed, words);
  // Only of resumed runs: those that begin know it from `given`.
  const anew = await givenToSeveral(typed);
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
    await train({ ...own, ...anew, ...part }).catch(async (error) => {
      // Refused before the first run began: the same command may be tried again.
      if (i === 0 && typed.resume === undefined) await folder.discardUnlessBegun(seed);
      throw error;
    });
  }
  const results = await Promise.all(record.seeds.map((seed) => resultOf(seed, folder.run(seed))));
  printResults(results, reporter);
  const ensemble = record.given.ensemble
    ? await average(folder, record, reporter, (own) =>
        train({ ...own, ...anew, partOf: folder.path, words: commandOf(record) }),
      )
    : undefined;
  const first = await folder.run(record.seeds[0]).record();
  printEnd(folder.path, results, { ensemble, options: first.options }, reporter);
  if (typed.json) reporter.json(jsonOf(folder.path, results, ensemble));
}

/** The command that does all of it again. */
const commandOf = ({ words, seeds }: Opened['record']) => [
  ...words,
  ...['--ensemble', '--seeds', `${seeds.length}`, '--seed', `${seeds[0]}`],
];

/** Makes the run that averages the models of all seeds, unless it is there. @returns what came of it */
async function average(
  folder: SeedsFolder<TrainOptions>,
  { seeds, given }: Opened['record'],
  reporter: Reporter,
  train: (own: TrainOptions) => Promise<void>,
): Promise<RunResult> {
  const { whole } = folder;
  const known = (await whole.read('record')) ? await whole.record() : undefined;
  const members = await Promise.all(seeds.map((seed) => folder.run(seed).record()));
  const what = reporter.style.strong(`The average of the ${seeds.length} models`);
  // A seed that was trained further, or anew, makes another average.
  const isOlder = members.some(({ result }) => result!.finished > (known?.result?.finished ?? ''));
  if (known?.result && isSame(known.options.seeds, seeds) && !isOlder) {
    reporter.print(`\n${what} is finished: ${formatPercent(known.result.testAccuracy)}.`);
    return known.result;
  }
  reporter.print(`\n${what}`);
  await train({ ...givenAnew(given), ensembleOf: seeds, like: members[0] });
  return (await whole.record()).result!;
}

/** The seeds to train, and with what: this process alone knows the secrets in it. */
interface Opened {
  readonly folder: SeedsFolder<TrainOptions>;
  readonly record: Omit<SeedsRecord<TrainOptions>, 'format'>;
}

async function openFolder(typed: TrainOptions, words: readonly string[]): Promise<Opened> {
  if (typed.resume !== undefined) return resume(typed, typed.resume);
  const { options } = await newRun(typed);
  if (typed.ensemble) checkEnsemble(options, typed.seeds ?? 1);
  const { seeds: count = 1, seed: _, out, json: __, ...given } = typed;
  const folder = await createSeedsFolder<TrainOptions>(options.recipe, out);
  const record = {
    created: new Date().toISOString(),
    seeds: seedsFrom(options.seed, count),
    given: await fromAnywhere(given),
    words: withoutFolders(withoutSecrets(words)),
  };
  await folder.write({ ...record, given: keptOptions(record.given) });
  return { folder, record };
}

/** @throws HarrierError `bad-option` for what cannot change, or fewer seeds than before */
async function resume(typed: TrainOptions, named: string): Promise<Opened> {
  const path = await seedsFolderOf(named);
  if (path === undefined) {
    throw new HarrierError('bad-option', 'this is not a folder of train --seeds', {
      where: named,
      expected: 'a folder with seeds.json',
      next: 'Leave --seeds out to resume a single run.',
    });
  }
  const folder = new SeedsFolder<TrainOptions>(path);
  const record = await folder.read();
  checkResumed(
    typed,
    (option, value) =>
      option === 'seeds' ||
      option === 'ensemble' ||
      (option === 'from' && isSameModel(value, record.given.from)),
    'resumed runs keep their own options',
  );
  checkStoredRecipe(record.given, join(path, SEEDS_FILE));
  const { seeds: count = record.seeds.length } = typed;
  if (count < record.seeds.length) {
    throw new HarrierError('bad-option', 'resumed runs can have more seeds, but not fewer', {
      where: '--seeds',
      expected: `at least ${record.seeds.length}`,
      received: `${count}`,
    });
  }
  const { data, ensemble } = typed;
  // Seeds that have not begun find the data where it is now.
  const given = await givenAgain(record.given, typed);
  if (ensemble) checkEnsemble((await newRun(given)).options, count);
  const now = {
    ...record,
    seeds: seedsFrom(record.seeds[0], count),
    given: { ...given, ...(ensemble && { ensemble }) },
  };
  if (count > record.seeds.length || data !== undefined || ensemble) {
    await folder.write({ ...now, given: keptOptions(now.given) });
  }
  return { folder, record: now };
}

/** Why models cannot be averaged; undefined where they can. */
function noAverage(
  { reject, adaptiveViews, multiLabel }: RunOptions,
  count: number,
): HarrierError | undefined {
  if (reject !== undefined) return noRejectingEnsemble();
  if (adaptiveViews) return noAdaptive('--ensemble');
  if (multiLabel) {
    return new HarrierError('bad-option', '--seeds, --ensemble and --multi-label cannot be combined', {
      next: 'Average the models of a cross-validation: --folds 5 in place of --seeds.',
    });
  }
  if (count > 1) return undefined;
  return new HarrierError('bad-option', 'one model has no average', {
    where: '--ensemble',
    expected: '--seeds 2 or more',
    received: `--seeds ${count}`,
  });
}

/** @throws HarrierError `bad-option` for models that cannot be averaged */
function checkEnsemble(options: RunOptions, count: number): void {
  const refusal = noAverage(options, count);
  if (refusal) throw refusal;
}

/** What may differ between the seeds of one folder, or is compared otherwise. */
const OWN: readonly string[] = ['seed', 'recipeFile', ...CHANGEABLE_FIELDS];

/** What follows the number of training images. */
const OF_THE_SIZE: readonly string[] = ['batchSize', 'epochs', 'optimizer'];

/**
 * Checks that the run of a new seed, or of a fold, differs from the first one's by that alone: a recipe or data may have
 * been changed in the meantime.
 * @throws HarrierError `bad-option` or `bad-data`
 */
export function checkAlike(run: RunRecord, first: RunRecord): void {
  const [now, then] = [run, first].map(({ options }) => ({
    ...options,
    // Absent means the same.
    testTimeAugmentation: options.testTimeAugmentation ?? 'none',
    // The same model has another path from another folder.
    from: options.from && { ...options.from, name: undefined },
  }));
  const names = new Set([...Object.keys(now), ...Object.keys(then)] as (keyof RunOptions)[]);
  // Groups of images that stay together can make the split, and what follows its size, another for each seed.
  const isAsLarge = run.data.train.images === first.data.train.images;
  const { folds } = run.options;
  const own = [...OWN, ...(isAsLarge ? [] : OF_THE_SIZE), ...(folds ? ['folds'] : [])];
  const different = [...names].find((name) => !own.includes(name) && !isSame(now[name], then[name]));
  // The normalization is that of the training images, which a validation split draws by the seed.
  const layers = ({ network: { normalization: _, ...network } }: RunRecord) => network;
  if (different !== undefined || !isSame(layers(run), layers(first))) {
    const [one, what] = folds
      ? [folds.held === undefined ? 'all images' : `fold ${folds.held}`, 'fold']
      : [`seed ${run.options.seed}`, 'seed'];
    throw new HarrierError('bad-option', `its training would differ from that of the first ${what}`, {
      where: one,
      expected: `the same ${different ?? 'network'}`,
      next: 'Restore the recipe, or start again without --resume.',
    });
  }
  // Each fold learns from other images of the same.
  if (folds) return;
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
    else if (!/^--((seeds|seed|out)=|(json|ensemble)$)/.test(words[i])) kept.push(words[i]);
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

function printResults(runs: readonly SeedResult[], reporter: Reporter): void {
  const { style } = reporter;
  const width = Math.max(...runs.map(({ seed }) => `${seed}`.length));
  reporter.print();
  for (const { seed, ...run } of runs) {
    reporter.print(
      `seed ${`${seed}`.padStart(width)}  ${formatPercent(run.testAccuracy)}  ${style.faint(shortPath(run.run))}`,
    );
  }
  reporter.print(style.strong(spreadText(spreadOf(runs.map((run) => run.testAccuracy)))));
}

function printEnd(
  path: string,
  runs: readonly SeedResult[],
  { ensemble, options }: { readonly ensemble?: RunResult; readonly options: RunOptions },
  reporter: Reporter,
): void {
  const { style } = reporter;
  const canAverage = !ensemble && noAverage(options, runs.length) === undefined;
  if (!ensemble) {
    reporter.print();
    reporter.print(style.strong(`Everything is in ${shortPath(path)}`));
  }
  const resume = `--resume ${shellQuote(shortPath(path))}`;
  const next = [
    [`npx harrier train --seeds ${runs.length + 2} ${resume}`, 'add two seeds'],
    ...(canAverage ? [[`npx harrier train --ensemble ${resume}`, 'one model that averages these']] : []),
  ];
  const width = Math.max(...next.map(([line]) => line.length));
  for (const [line, what] of next) reporter.print(`  ${line.padEnd(width)}  ${style.faint(what)}`);
}

function jsonOf(path: string, runs: readonly SeedResult[], ensemble: RunResult | undefined) {
  return {
    folder: path,
    testAccuracy: spreadOf(runs.map((run) => run.testAccuracy)),
    trainingAccuracy: spreadOf(runs.map((run) => run.trainingAccuracy)),
    runs,
    ...(ensemble && { ensemble: { run: path, testAccuracy: ensemble.testAccuracy } }),
  };
}

/** "mean 94.03% ± 0.11% (standard deviation of 3 seeds), lowest 93.92%, highest 94.14%". */
export function spreadText({ count, mean, standardDeviation, minimum, maximum }: Spread): string {
  if (standardDeviation === null) return `${formatPercent(mean)} with one seed`;
  return (
    `mean ${formatPercent(mean)} ± ${formatPercent(standardDeviation)} (standard deviation of ${count} seeds), ` +
    `lowest ${formatPercent(minimum)}, highest ${formatPercent(maximum)}`
  );
}
