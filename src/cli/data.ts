import type { Command } from 'commander';
import { augmentationList } from '../data/augmentation/words.ts';
import { STRETCHED_BY_DEFAULT } from '../options/data.ts';
import { OPTIONS } from '../options/table.ts';
import { about } from './about.ts';
import { augmentationHelp } from './augment.ts';
import { command, withDataOptions, withLabelOptions } from './command.ts';
import type { DataOptions } from './data/run.ts';
import { withOptions } from './flags.ts';

export function dataCommand(): Command {
  const data = command('data', about.data, [
    ['data cifar10', 'download it if needed, and describe it'],
    ['data cifar10 --verify', 'check every cached file against its SHA-256'],
    ['data ./photos --preview sheet.png', 'draw the first images of every class'],
    ['data ./photos --preview sheet.png --augment strong', 'draw them with augmentation'],
    ['data birds.csv --columns image=photo,label=species', 'a list whose columns have other names'],
    ['data diff runs/before latest', 'which images came, went or changed class between two runs'],
  ])
    .argument('<name|path>', OPTIONS.data.help)
    .option('--preview <file>', 'write an image (PNG) with the first images of every class')
    .option(
      '--augment <set|list>',
      'with --preview: show one image of every class with this augmentation, see below',
      augmentationList,
    )
    .option('--recipe <name|file>', "with --preview: show the recipe's augmentation")
    .option('--force', 'with --preview: overwrite an existing file')
    .option('--verify', 'check the files of cifar10 against their hashes, without downloading')
    .option('--json', 'print one JSON object');
  withOptions(
    withLabelOptions(withDataOptions(data)),
    ['multiLabel', 'resize', 'testSplit', 'groupBy', 'splitBy'],
    { resize: STRETCHED_BY_DEFAULT },
  ).addHelpText('after', `\n${augmentationHelp()}`);
  data.addCommand(diffCommand());
  return data.action(async (name: string, options: DataOptions) => {
    const { runData } = await import('./data/run.ts');
    await runData(name, options);
  });
}

function diffCommand(): Command {
  return command('diff', 'Compare the images of two runs: which came, went or changed class.', [
    ['data diff runs/before latest', 'what changed since that run'],
    ['data diff runs/before runs/after --json', 'all of it, for programs'],
  ])
    .argument('<run>', 'the earlier run: a folder, or "latest"')
    .argument('<run>', 'the later run')
    .option('--json', 'print one JSON object')
    .action(async (first: string, second: string, options: { json?: boolean }, { parent }: Command) => {
      const { runDataDiff } = await import('./data/diff.ts');
      await runDataDiff(first, second, { ...parent?.opts(), ...options });
    });
}
