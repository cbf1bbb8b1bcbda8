import type { Command } from 'commander';
import { HarrierError } from '../errors.ts';
import type { BenchOptions } from './bench/run.ts';
import type { ServeBenchCommandOptions } from './bench/serve/run.ts';
import { command, withThreads } from './command.ts';
import { number } from './values.ts';

export function benchCommand(): Command {
  return withThreads(
    command(
      'bench',
      'Measure this machine, Harrier on it, and beside it the peers that are installed (bench/peers/README.md).',
      [
        ['bench', 'a minute or two; let the machine do nothing else'],
        ['bench --no-peers', 'Harrier and the machine alone'],
        ['bench --recipe record', "a recipe's training step, and an equal network in PyTorch"],
        ['bench --serve', 'harrier serve under load, beside FastAPI where that is installed'],
        ['bench --json', 'the figures as one JSON object'],
      ],
    ),
  )
    .option('--recipe <name|file>', 'measure the training step of this recipe instead')
    .option('--no-peers', 'leave out PyTorch, Keras, TensorFlow.js and FastAPI')
    .option('--serve', 'measure the server instead: requests a second and their times')
    .option('--seconds <count>', 'how long each load of --serve lasts', number('--seconds', { above: 0 }), 5)
    .option('--json', 'print one JSON object')
    .action(async (options: BenchOptions & ServeBenchCommandOptions & { serve?: boolean }) => {
      if (options.serve && options.recipe !== undefined) {
        throw new HarrierError('bad-option', '--serve and --recipe exclude each other', {
          next: 'Give one of them.',
        });
      }
      if (options.serve) {
        const { runServeBenchCommand } = await import('./bench/serve/run.ts');
        return runServeBenchCommand(options);
      }
      const { runBenchCommand } = await import('./bench/run.ts');
      await runBenchCommand(options);
    });
}
