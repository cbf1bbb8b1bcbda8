import type { Command } from 'commander';
import { command } from './command.ts';
import type { CompareOptions } from './compare/run.ts';

export function compareCommand(): Command {
  return command(
    'compare',
    'Put finished runs side by side: options that differ, results, and whether the difference is luck.',
    [
      ['compare runs/a runs/b', 'in the terminal, and as a page'],
      ['compare runs/* --json', 'for programs'],
      ['compare sweeps/mine/trial-1 latest --out two.html', 'the trial of a sweep with the newest run'],
    ],
  )
    .argument('<run...>', 'two run folders or more, or "latest"; the others are compared with the first')
    .option('--out <file>', 'the page to write', 'compare.html')
    .option('--force', 'write over a file that is there already')
    .option('--json', 'print one JSON object')
    .action(async (names: string[], options: CompareOptions) => {
      const { runCompare } = await import('./compare/run.ts');
      await runCompare(names, options);
    });
}
