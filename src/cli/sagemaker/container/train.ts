import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unknownName } from '../../../errors.ts';
import { formatCount, formatQuantity } from '../../../format/format.ts';
import { newRun } from '../../../platform/node/runs/new-run.ts';
import { RECIPES } from '../../../recipes/index.ts';
import { optimizerText } from '../../../runs/describe-run.ts';
import { ContainerPaths } from '../../../sagemaker/container/paths.ts';
import { trainInContainer } from '../../../sagemaker/container/train.ts';
import { Exit, failureOf } from '../../failure.ts';
import { watchInterruption } from '../../interruption.ts';
import { Reporter } from '../../reporter.ts';
import { TrainingProgress } from '../../train/progress.ts';
import { trainOptionsOf } from '../hyperparameters.ts';

/** SageMaker kills a container 120 s after it asked it to stop; whatever is not saved by then is lost anyway. */
const LATEST_MS = 110_000;

/** A recipe is code: a path could lead into the data. */
function refuseOtherCode(recipe: string | undefined): void {
  if (recipe === undefined || Object.hasOwn(RECIPES, recipe)) return;
  throw unknownName('recipe', recipe, Object.keys(RECIPES));
}

/** `harrier sagemaker container train`: what `<image> train` runs. */
export async function runContainerTrain(): Promise<void> {
  const paths = new ContainerPaths();
  const reporter = new Reporter();
  process.env.HARRIER_CACHE ??= join(tmpdir(), 'harrier');
  process.prependListener('uncaughtException', (error) => paths.writeFailure(failureOf(error).message ?? ''));
  const interruption = watchInterruption(() => {
    reporter.print('Stopping: saving a checkpoint first.');
    setTimeout(() => process.exit(interruption.exitCode), LATEST_MS).unref();
  });
  const progress = { current: undefined as TrainingProgress | undefined };
  try {
    const stopped = await trainInContainer(paths, {
      optionsOf: async (hyperparameters, data, from) => {
        const given = trainOptionsOf(hyperparameters);
        refuseOtherCode(given.recipe);
        return {
          ...(await newRun({ ...given, data, ...(from && { from }) })),
          checkpointSeconds: given.checkpointSeconds,
        };
      },
      log: (line) => reporter.print(line),
      onBegin: ({ options, train, validation, test, optimizer }) => {
        progress.current = new TrainingProgress(reporter, options.epochs);
        reporter.print(
          `${options.recipe}: ${formatCount(train.size)} training images` +
            `${validation ? `, ${formatCount(validation.size)} for validation` : ''}, ` +
            `${formatCount(test.size)} to test with; ${optimizerText(optimizer)}; ` +
            `${formatQuantity(options.epochs, 'epoch')} of batch size ${options.batchSize}, ${options.threads} threads`,
        );
      },
      onStep: (step) => progress.current?.step(step),
      onProgress: (work) => {
        if (interruption.exitCode !== undefined) throw new Exit(interruption.exitCode);
        reporter.work(work);
      },
      interrupted: () => interruption.exitCode !== undefined,
      signal: interruption.signal,
    });
    if (!stopped) return;
    reporter.print(`Stopped and saved after step ${stopped.step}; epochs done: ${stopped.epoch}.`);
    throw new Exit(interruption.exitCode ?? 1);
  } catch (error) {
    // What was abandoned because of the signal is no failure of the job.
    if (interruption.exitCode !== undefined) throw new Exit(interruption.exitCode);
    const { message } = failureOf(error);
    if (message !== undefined) paths.writeFailure(message);
    throw error;
  } finally {
    interruption.end();
  }
}
