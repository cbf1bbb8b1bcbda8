import type { Command } from 'commander';
import type { BenchOptions } from './bench/run.ts';
import { command, withThreads } from './command.ts';

export function benchCommand(): Command {
  return withThreads(
    command(
      'bench',
      'Measure this machine, Harrier on it, and beside it the peers that are installed (bench/peers/README.md).',
      [
        ['bench', 'a minute or two; let the machine do nothing else'],
        ['bench --no-peers', 'Harrier and the machine alone'],
        ['bench --recipe record', "a recipe's training step, and an equal network in PyTorch"],
        ['bench --json', 'the figures as one JSON object'],
      ],
    ),
  )
    .option('--recipe <name|file>', 'measure the training step of this recipe instead')
    .option('--no-peers', 'leave out PyTorch, Keras and TensorFlow.js')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchOptions) => {
      const { runBenchCommand } = await import('./bench/run.ts');
      await runBenchCommand(options);
    });
}
