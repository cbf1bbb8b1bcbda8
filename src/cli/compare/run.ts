import { resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import {
  type ComparedRun,
  compareRuns,
  comparisonText,
  labelPredictionsFromCsv,
  predictionsFromCsv,
} from '../../evaluation/index.ts';
import { Network } from '../../models/index.ts';
import { findRun } from '../../platform/node/runs/find-run.ts';
import type { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { averagedBy } from '../../runs/averaged-by.ts';
import { parameterCount } from '../../runs/describe-run.ts';
import type { RunOptions } from '../../runs/run-record.ts';
import { markedText, writeOutput } from '../output.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';

/** The options of `compare` as they were typed. */
export interface CompareOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `harrier compare`. */
export async function runCompare(
  names: readonly string[],
  { out, force, json }: CompareOptions,
): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const folders = await Promise.all(names.map(findRun));
  const paths = folders.map(({ path }) => path);
  const twice = paths.find((path, i) => paths.indexOf(path) !== i);
  if (folders.length < 2 || twice !== undefined) {
    throw new HarrierError('bad-option', 'a comparison needs at least two different runs', {
      received: twice ? `${shortPath(twice)} twice` : 'one',
    });
  }
  const comparison = compareRuns(await Promise.all(folders.map(compared)));
  const file = resolve(out);
  const { renderComparison } = await import('../../report/index.ts');
  await writeOutput(file, markedText(renderComparison(comparison)), { option: '--out', force });
  reporter.print(comparisonText(comparison, reporter.style));
  reporter.print();
  reporter.print(reporter.style.faint(`The same with curves: ${shortPath(file)}`));
  if (!json) return;
  const { options, differences, classes } = comparison;
  const runs = comparison.runs.map(
    ({ evaluation, history, predictions, labelPredictions, place: _, size: __, ...run }) => ({
      ...run,
      epochs: history.length,
      accuracy: evaluation.accuracy,
      interval95: evaluation.interval95,
      loss: evaluation.loss,
    }),
  );
  reporter.json({ runs, options, differences, classes, page: file });
}

/** @throws HarrierError `bad-checkpoint` when a run is not finished */
async function compared(folder: RunFolder): Promise<ComparedRun> {
  const { options, data, network, result } = await folder.record();
  const evaluation = await folder.evaluation();
  if (!result || evaluation === undefined) {
    throw new HarrierError('bad-checkpoint', 'this run is not finished', {
      where: folder.path,
      next: `Resume it: npx harrier train --resume ${shellQuote(shortPath(folder.path))}`,
    });
  }
  const predictions = (await folder.read('predictions'))?.toString('utf8');
  const averaged = averagedBy(options);
  return {
    name: shortPath(folder.path),
    options: flat(options.head ? withoutSteps(options) : options),
    testHash: data.test.hash,
    place: data.path ?? options.data,
    size: JSON.stringify([data.imageShape, options.preprocessing]),
    evaluation,
    history: await folder.history(),
    bestEpoch: result.bestEpoch,
    seconds: result.seconds,
    ...(options.head && { head: options.head }),
    ...(averaged !== undefined && { averaged }),
    parameters: parameterCount(Network.from(network), options),
    ...(predictions !== undefined &&
      (options.multiLabel
        ? { labelPredictions: labelPredictionsFromCsv(predictions, folder.file('predictions')) }
        : { predictions: predictionsFromCsv(predictions, folder.file('predictions')) })),
  };
}

/** The options of a head that is fitted on features, without those of training by steps: they had no part in it. */
function withoutSteps({ epochs: _, batchSize: __, optimizer: ___, ...others }: RunOptions): object {
  return others;
}

/** `{ optimizer: { name } }` as `{ 'optimizer.name': … }`. */
function flat(value: object, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]): [string, string][] => {
      if (each === undefined) return [];
      if (typeof each === 'object' && each !== null && !Array.isArray(each)) {
        return Object.entries(flat(each, `${prefix}${name}.`));
      }
      return [[`${prefix}${name}`, typeof each === 'string' ? each : JSON.stringify(each)]];
    }),
  );
}
