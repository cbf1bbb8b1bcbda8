import type { Command } from 'commander';
import { about } from './about.ts';
import { command } from './command.ts';
import type { CompareOptions } from './compare/run.ts';

export function compareCommand(): Command {
  return command('compare', about.compare, [
    ['compare runs/a runs/b', 'in the terminal, and as a page'],
    ['compare runs/* --json', 'for programs'],
    ['compare sweeps/mine/trial-1 latest --out two.html', 'a trial of a sweep, and the newest run'],
  ])
    .argument('<run...>', 'two or more run folders, or "latest"; the others are compared with the first')
    .option('--out <file>', 'the page to write', 'compare.html')
    .option('--force', 'overwrite an existing file')
    .option('--json', 'print one JSON object')
    .action(async (names: string[], options: CompareOptions) => {
      const { runCompare } = await import('./compare/run.ts');
      await runCompare(names, options);
    });
}
