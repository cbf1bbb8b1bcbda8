import type { Command } from 'commander';
import { about } from './about.ts';
import { command, withThreads } from './command.ts';
import { withOptions } from './flags.ts';
import { withForeignOptions } from './foreign.ts';
import type { WatchOptions } from './watch/run.ts';

export function watchCommand(): Command {
  const watch = command('watch', about.watch, [
    ['watch latest --against ./last-month', 'has what the model sees drifted?'],
    ['watch model.onnx --data ./photos --against ./seen', 'a model that was trained elsewhere'],
    ['watch runs/mine --against ./last-month --json', 'for programs'],
  ])
    .argument('<run|model.onnx>', 'a run folder, "latest", or a model file with --data')
    .requiredOption('--against <folder>', 'new images, with or without sub-folders')
    .option('--data <name|path>', "the data with the model's test images (default: the run's own data)")
    .option('--json', 'print one JSON object');
  withOptions(watch, ['skipBad']);
  withForeignOptions(withThreads(watch));
  return watch.action(async (run: string, options: WatchOptions) => {
    const { runWatch } = await import('./watch/run.ts');
    await runWatch(run, options);
  });
}
