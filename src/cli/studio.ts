import type { Command } from 'commander';
import { command } from './command.ts';
import type { StudioCommandOptions } from './studio/run.ts';
import { wholeNumber } from './values.ts';

export function studioCommand(): Command {
  return command(
    'studio',
    'See the data, watch models learn, question them, teach your own classes: in the browser (docs/studio.md).',
    [
      ['studio', 'with the runs of ./runs and CIFAR-10, on http://127.0.0.1:3000'],
      ['studio --data ./photos --open', 'look at a folder of images, and open the page'],
      ['studio runs/of-others --port 4000', 'other runs, another port'],
      ['studio --export site', 'a page that needs no server, for any web host'],
      ['studio --export site --runs latest --data cifar10', 'with the results of a run, and its test images'],
    ],
  )
    .argument('[runs-dir]', 'folder of runs, which is made when the first is started', 'runs')
    .option(
      '--data <name|path>',
      'cifar10, or a folder with one sub-folder of images per class; may be given several times (default: cifar10)',
      collectPath,
    )
    .option('--port <number>', 'port; 0 takes one that is free', wholeNumber('--port', { atLeast: 0 }), 3000)
    .option(
      '--host <address>',
      'address to listen on; 0.0.0.0 for all, and then a token is wanted',
      '127.0.0.1',
    )
    .option('--allow-host <name>', 'another name by which browsers may come, such as a proxy’s', collectPath)
    .option(
      '--token <token>',
      'what who comes must know (default: HARRIER_TOKEN, if set; made up for addresses that others reach)',
    )
    .option('--open', 'open the page in the browser')
    .option('--export <folder>', 'write the page as files that need no server, and end')
    .option(
      '--runs <run>',
      'a run whose results the exported page shows; may be given several times',
      collectPath,
    )
    .option('--json', 'print the address, or what was written, as one JSON object')
    .action(async (runs: string, options: StudioCommandOptions) => {
      const { runStudio } = await import('./studio/run.ts');
      await runStudio(runs, options);
    });
}

/** For an option that may be given several times, each with one path. */
function collectPath(path: string, before: readonly string[] = []): string[] {
  return [...before, path];
}
