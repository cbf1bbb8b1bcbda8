import { Command } from 'commander';
import { TEST_TIME_AUGMENTATIONS } from '../data/views.ts';
import { optimizerNames } from '../optimizers/names.ts';
import { DEVICES } from '../runs/device.ts';
import { number, oneOf, wholeNumber } from './values.ts';

/** A command with what all commands have. Examples are lines of what to type, each with what it does. */
export function command(
  name: string,
  description: string,
  examples: readonly (readonly [string, string])[],
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  $ npx harrier ${line.padEnd(width)}  # ${what}`);
  return new Command(name)
    .description(description)
    .option('--debug', 'show where an error came from')
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** Options about data that several commands share. */
export function withDataOptions(target: Command): Command {
  return target
    .option(
      '--image-size <pixels>',
      'side of the square that images are scaled to',
      wholeNumber('--image-size'),
    )
    .option(
      '--source <name>',
      'where to download cifar10 from: original or npm (default: both, in turn)',
      oneOf('--source', ['original', 'npm'] as const),
    )
    .option('--skip-bad', 'leave out files that are no usable image, instead of failing')
    .option(
      '--marks <none>',
      'none: every image with the label it lies under (default: as marked in harrier studio)',
      oneOf('--marks', ['none'] as const),
    );
}

export function withThreads(target: Command): Command {
  return target.option(
    '--threads <count>',
    'processor cores to use, at most all there are (default: all)',
    wholeNumber('--threads'),
  );
}

/** What computes, and how much of the processor. */
export function withDevice(target: Command): Command {
  return withThreads(target).option(
    '--device <cpu|gpu>',
    'compute on the processor, or on the graphics device (default: cpu)',
    oneOf('--device', DEVICES),
  );
}

/** What `--optimizer` takes. */
export const optimizerHelp = `${optimizerNames
  .map((name) => name.toLowerCase())
  .join(', ')
  .replace(/, (\w+)$/, ' or $1')} (default: the recipe's)`;

export const share = (option: string) => number(option, { atLeast: 0, below: 1 });

export const views = oneOf('--tta', TEST_TIME_AUGMENTATIONS);
