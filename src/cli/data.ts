import type { Command } from 'commander';
import { augmentationList } from '../data/augmentation/words.ts';
import { augmentationHelp } from './augment.ts';
import { command, withDataOptions } from './command.ts';
import type { DataOptions } from './data/run.ts';

export function dataCommand(): Command {
  const data = command(
    'data',
    'Fetch and describe a data set: classes, sizes, statistics, and where it lies.',
    [
      ['data cifar10', 'download it where it is not yet, and describe it'],
      ['data cifar10 --verify', 'check every cached file against its SHA-256'],
      ['data ./photos --preview sheet.png', 'draw the first images of every class'],
      ['data ./photos --preview sheet.png --augment strong', 'draw what training would make of them'],
    ],
  )
    .argument('<cifar10|path>', 'a data set, or a folder with one sub-folder of images per class')
    .option('--preview <file>', 'write an image (PNG) with the first images of every class')
    .option(
      '--augment <set|list>',
      'with --preview: show one image of every class and how it is changed, see below',
      augmentationList,
    )
    .option('--recipe <name|file>', "with --preview: show the recipe's augmentation")
    .option('--force', 'with --preview: write over a file that is there already')
    .option('--verify', 'check the files of cifar10 against their hashes, without downloading')
    .option('--json', 'print one JSON object');
  withDataOptions(data).addHelpText('after', `\n${augmentationHelp()}`);
  return data.action(async (name: string, options: DataOptions) => {
    const { runData } = await import('./data/run.ts');
    await runData(name, options);
  });
}
