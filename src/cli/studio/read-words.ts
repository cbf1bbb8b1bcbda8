import { CommanderError } from 'commander';
import { HarrierError } from '../../errors.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { trainCommand } from '../train.ts';

/**
 * Reads the words after `harrier train` as the command does, without training.
 * @throws HarrierError `bad-option`, whose `where` is the option that cannot be used where one is
 */
export async function readTrainWords(words: readonly string[]): Promise<TrainOptions> {
  const train = trainCommand()
    .exitOverride()
    .configureOutput({ outputError: () => {}, writeErr: () => {}, writeOut: () => {} })
    .action(() => {});
  try {
    await train.parseAsync([...words], { from: 'user' });
    return train.opts<TrainOptions>();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new HarrierError('bad-option', error.message.replace(/^error: /, ''), { cause: error });
  }
}
