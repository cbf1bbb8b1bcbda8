import { basename, resolve } from 'node:path';
import { formatNumber } from '../../format/format.ts';
import { newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import { prepareRun } from '../../platform/node/runs/prepare-run.ts';
import { renderRangeTest } from '../../sweeps/index.ts';
import { findLearningRate, type RangeTest } from '../../training/index.ts';
import { Exit } from '../failure.ts';
import { watchInterruption } from '../interruption.ts';
import { checkOutput, markedText, writeOutput } from '../output.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';

/** The options of `lr-find` as they were typed. */
export interface LrFindOptions extends Omit<TrainOptions, 'from'> {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly force?: boolean;
}

/** `harrier lr-find`. */
export async function runLrFind({ from, to, steps, out, ...given }: LrFindOptions): Promise<void> {
  const reporter = new Reporter({ machine: given.json });
  const interruption = watchInterruption(() => reporter.note('Stopping …'));
  try {
    const { options: wanted, ...how } = await newRun(given);
    reporter.status(`opening ${wanted.data} …`);
    const hooks = { onProgress: reporter.work, signal: interruption.signal };
    const { options, network, optimizer, runtime, stepGraph, train } = await prepareRun(wanted, {
      ...how,
      ...hooks,
    });
    const file = resolve(out ?? `lr-find-${options.recipe}.svg`);
    await checkOutput(file, { option: '--out', force: given.force });
    const test = await findLearningRate({
      network,
      optimizer,
      loss: options.loss,
      runtime,
      stepGraph,
      train,
      augmentation: options.augmentation,
      sampling: options.sampling,
      classWeight: options.classWeight,
      resolution: options.resolution,
      batchSize: options.batchSize,
      microBatch: options.microBatch,
      seed: options.seed,
      from,
      to,
      steps,
      onStep: (done, total) =>
        reporter.work({ what: 'raising the learning rate', done, total, unit: 'steps' }),
      interrupted: () => interruption.exitCode !== undefined,
    });
    if (test.ended === 'interrupted') throw new Exit(interruption.exitCode ?? 1);
    reporter.clear();
    // The image may be shown to others: of a folder's path, its name is enough.
    const title = `${options.recipe} on ${basename(resolve(options.data))}, ${optimizer.name}, batch size ${options.batchSize}`;
    await writeOutput(file, markedText(renderRangeTest(title, test)), {
      option: '--out',
      force: given.force,
    });
    reporter.print(reporter.style.strong(title));
    for (const line of advice(test)) reporter.print(line);
    reporter.print(reporter.style.faint(`The image: ${shortPath(file)}`));
    if (given.json) {
      const { steepest, lowest, withinNoise, ended, points } = test;
      reporter.json({
        suggested: lowest === undefined ? null : lowest / 10,
        steepest,
        lowest,
        withinNoise,
        ended,
        image: file,
        points,
      });
    }
  } catch (error) {
    if (interruption.exitCode !== undefined) throw new Exit(interruption.exitCode);
    throw error;
  } finally {
    interruption.end();
  }
}

/** What the test says, in sentences. */
function advice({ steepest, lowest, withinNoise, ended, points }: RangeTest): string[] {
  if (withinNoise) {
    return [
      'The loss falls no further than it varies from batch to batch: these steps suggest no learning rate. ' +
        'Try more --steps, a larger --batch-size, or another --from and --to.',
    ];
  }
  if (steepest === undefined || lowest === undefined) {
    return [
      points.length < 3
        ? 'The loss was not finite almost from the beginning. Try a lower --from.'
        : 'The loss did not fall at any of these rates. Try another --from and --to, more --steps, or look at the data.',
    ];
  }
  const rate = (value: number) => formatNumber(value, 2);
  const last = points.at(-1)!.learningRate;
  return [
    `Suggested learning rate: ${rate(lowest / 10)}, a tenth of the rate at which the loss is lowest.`,
    `The loss falls fastest at ${rate(steepest)}. Both are rules of thumb: also try rates between them.`,
    ...(ended === 'diverged'
      ? [`The loss exploded at ${rate(last)}, as it should: stay well below.`]
      : lowest > last / 3
        ? [`The loss was still falling at ${rate(last)}: a higher --to would show more.`]
        : []),
  ];
}
