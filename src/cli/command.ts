import { Command } from 'commander';
import { withOptions } from './flags.ts';

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
  return withOptions(target, ['imageSize', 'source', 'skipBad', 'marks']);
}

/** Options about what says the classes of images, and which there are. */
export function withLabelOptions(target: Command): Command {
  return withOptions(target, ['columns', 'labelBy', 'merge', 'classes']);
}

export function withThreads(target: Command): Command {
  return withOptions(target, ['threads']);
}

/** What computes, and how much of the processor. */
export function withDevice(target: Command): Command {
  return withOptions(target, ['threads', 'device']);
}

/** What `predict` and `explain` take. */
export const imageArguments =
  'a run folder, "latest", or a model file (default: the model in the package), then images (PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP), folders of images, addresses (http, https, s3), or - for standard input';
export const listHelp =
  'a file with image paths, or addresses with --allow-remote, one a line (or with a NUL after each); - for standard input';
