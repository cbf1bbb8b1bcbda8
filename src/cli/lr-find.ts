import type { Command } from 'commander';
import { augmentationList } from '../data/augmentation/words.ts';
import { command, optimizerHelp, withDataOptions, withDevice } from './command.ts';
import type { LrFindOptions } from './lr-find/run.ts';
import { collect, number, wholeNumber } from './values.ts';

export function lrFindCommand(): Command {
  const find = command(
    'lr-find',
    'Find a learning rate: raise it step by step from fresh weights until the loss explodes.',
    [
      ['lr-find', 'for the default recipe on CIFAR-10'],
      ['lr-find --recipe mine --data ./photos', 'for your own'],
      ['lr-find --optimizer adam --set batchSize=128', 'with other settings'],
      ['lr-find --json', 'every step, for programs'],
    ],
  )
    .option('--recipe <name|file>', '`harrier recipes` lists them (default: as for train)')
    .option('--data <name|path>', 'as for train (default: cifar10)')
    .option('--set <name=value>', 'change a setting of the recipe; may be given several times', collect)
    .option('--batch-size <count>', "images per step (default: the recipe's)", wholeNumber('--batch-size'))
    .option('--optimizer <name>', optimizerHelp)
    .option('--augment <set|list>', 'random changes of the training images, as for train', augmentationList)
    .option('--from <rate>', 'the first learning rate', number('--from', { above: 0 }), 1e-5)
    .option('--to <rate>', 'the last learning rate', number('--to', { above: 0 }), 10)
    .option('--steps <count>', 'batches', wholeNumber('--steps', { atLeast: 20 }), 200)
    .option(
      '--seed <number>',
      'everything random follows from it (default: 1)',
      wholeNumber('--seed', { atLeast: 0 }),
    )
    .option('--limit <count>', 'use so many training images only (default: all)', wholeNumber('--limit'))
    .option('--out <file>', 'where to draw the image (default: lr-find-<recipe>.svg)')
    .option('--json', 'print one JSON object');
  withDevice(withDataOptions(find));
  return find.action(async (options: LrFindOptions) => {
    const { runLrFind } = await import('./lr-find/run.ts');
    await runLrFind(options);
  });
}
