import type { Command } from 'commander';
import { about } from './about.ts';
import { command } from './command.ts';
import { withOptionsOf } from './flags.ts';
import type { LrFindOptions } from './lr-find/run.ts';
import { number, wholeNumber } from './values.ts';

export function lrFindCommand(): Command {
  const find = command('lr-find', about['lr-find'], [
    ['lr-find', 'for the default recipe on CIFAR-10'],
    ['lr-find --recipe mine --data ./photos', 'for your recipe and data'],
    ['lr-find --optimizer adam --set batchSize=128', 'with other settings'],
    ['lr-find --json', 'every step, for programs'],
  ])
    .option('--from <rate>', 'the first learning rate', number('--from', { above: 0 }), 1e-5)
    .option('--to <rate>', 'the last learning rate', number('--to', { above: 0 }), 10)
    .option('--steps <count>', 'batches', wholeNumber('--steps', { atLeast: 20 }), 200)
    .option('--out <file>', 'file for the chart (default: lr-find-<recipe>.svg)')
    .option('--force', 'overwrite an existing file');
  withOptionsOf(find, 'lr-find');
  return find.action(async (options: LrFindOptions) => {
    const { runLrFind } = await import('./lr-find/run.ts');
    await runLrFind(options);
  });
}
