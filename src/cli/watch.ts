import type { Command } from 'commander';
import { about } from './about.ts';
import { command, withThreads } from './command.ts';
import type { WatchOptions } from './watch/run.ts';

export function watchCommand(): Command {
  const watch = command('watch', about.watch, [
    ['watch latest --against ./last-month', 'has what the model sees drifted?'],
    ['watch runs/mine --against ./last-month --json', 'for programs'],
  ])
    .argument('<run>', 'a run folder, or "latest"')
    .requiredOption('--against <folder>', 'new images, with or without sub-folders')
    .option('--json', 'print one JSON object');
  withThreads(watch);
  return watch.action(async (run: string, options: WatchOptions) => {
    const { runWatch } = await import('./watch/run.ts');
    await runWatch(run, options);
  });
}
