import type { Command } from 'commander';
import { OPTIONS } from '../options/table.ts';
import { about } from './about.ts';
import { command } from './command.ts';
import type { StudioCommandOptions } from './studio/run.ts';
import { wholeNumber } from './values.ts';

export function studioCommand(): Command {
  return command('studio', about.studio, [
    ['studio', 'with the runs of ./runs and CIFAR-10, on http://127.0.0.1:3000'],
    ['studio --data ./photos --open', 'with a folder of images, and open the page'],
    ['studio --data-folder ./my-data', 'drop folders into the page to make data sets in ./my-data'],
    ['studio other-runs --port 4000', 'with the runs of ./other-runs, on port 4000'],
    ['studio --export site', 'static files, for any web host'],
    ['studio --export site --with efficientnet-lite0', 'the same, with a pretrained model to teach with'],
    ['studio --export site --runs latest --data cifar10', 'with the results of a run, and its test images'],
  ])
    .argument('[runs-dir]', 'folder of runs; created when the first run starts', 'runs')
    .option(
      '--data <name|path>',
      `${OPTIONS.data.help}; may be given several times (default: cifar10)`,
      collectPath,
    )
    .option(
      '--data-folder <folder>',
      'folder for data sets that are made in the page; data sets already in it are shown too',
    )
    .option('--port <number>', 'port; 0 chooses a free one', wholeNumber('--port', { atLeast: 0 }), 3000)
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all, which requires a token', '127.0.0.1')
    .option(
      '--allow-host <name>',
      'another host name that browsers may use, such as that of a proxy',
      collectPath,
    )
    .option(
      '--token <token>',
      'token that visitors must have (default: HARRIER_TOKEN, if set; random if --host is an address that others can reach)',
    )
    .option('--open', 'open the page in the browser')
    .option('--export <folder>', 'write the page as static files, and end')
    .option(
      '--runs <run>',
      'a run whose results the exported page shows; may be given several times',
      collectPath,
    )
    .option(
      '--with <name>',
      'a pretrained model for the exported page to teach with: a name of harrier models, hf:OWNER/NAME or https://…',
    )
    .option('--json', 'print the address, or the files written, as one JSON object')
    .action(async (runs: string, options: StudioCommandOptions) => {
      const { runStudio } = await import('./studio/run.ts');
      await runStudio(runs, options);
    });
}

/** For an option that may be given several times, each with one path. */
function collectPath(path: string, before: readonly string[] = []): string[] {
  return [...before, path];
}
