import type { Command } from 'commander';
import { about } from './about.ts';
import { command } from './command.ts';
import type { SummaryOptions } from './summary/run.ts';
import { collect, wholeNumber } from './values.ts';

export function summaryCommand(): Command {
  return command('summary', about.summary, [
    ['summary', 'all recipes'],
    ['summary keras-cnn', 'its layers, as Keras prints them'],
    ['summary keras-cnn --classes 3 --image-size 64', 'for other classes and images'],
    ['summary keras-cnn --set filters=64', 'with another setting'],
    ['summary latest', 'the network of the newest run'],
    ['summary model.onnx', 'the operations of any ONNX model'],
  ])
    .argument('[recipe|run|model.onnx]', 'a recipe or its file, a run folder, "latest", or a model file')
    .option('--classes <count>', 'number of classes (default: 10)', wholeNumber('--classes', { atLeast: 2 }))
    .option(
      '--image-size <pixels>',
      "side of the images (default: the recipe's)",
      wholeNumber('--image-size'),
    )
    .option('--set <name=value>', 'change a setting of the recipe; may be given several times', collect)
    .option('--json', 'print one JSON object')
    .action(async (name: string | undefined, options: SummaryOptions) => {
      const { runSummary } = await import('./summary/run.ts');
      await runSummary(name, options);
    });
}
