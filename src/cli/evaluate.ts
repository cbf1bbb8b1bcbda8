import type { Command } from 'commander';
import { VIEW_CHOICES } from '../options/words.ts';
import { about } from './about.ts';
import { command, withDataOptions, withDevice, withLabelOptions } from './command.ts';
import type { EvaluateOptions } from './evaluate/run.ts';
import { withOptions } from './flags.ts';
import { withForeignOptions } from './foreign.ts';
import { number, oneOf } from './values.ts';

export function evaluateCommand(): Command {
  const evaluate = command('evaluate', about.evaluate, [
    ['evaluate latest', 'the newest run, on its own test images'],
    ['evaluate runs/mine --split train', 'on its training images'],
    ['evaluate model.onnx --data ./photos', 'on a folder with one sub-folder per class'],
    ['evaluate latest --data new.csv --columns label=species', 'on a list whose columns have other names'],
    ['evaluate latest --data cifar10.1 ./datasets', 'on the CIFAR-10.1 test set, from its .npy files'],
    ['evaluate latest --tta flip', 'average the predictions for each image and its mirror image'],
    [
      'evaluate latest --tta adaptive',
      'average views only for images that the model is unsure of; prints gain and cost',
    ],
    [
      'evaluate latest --precision 0.95',
      'for each class, the probability from which 95% of answers are right',
    ],
    ['evaluate latest --cost costs.csv', 'what answers cost, by a table of costs'],
    ['evaluate latest --data labels.csv --by camera', 'where it is worse: accuracy by the column "camera"'],
    ['evaluate latest --unknown ./others', 'how often images of other things are taken for a class'],
    ['evaluate latest --json', 'for programs'],
  ])
    .argument(
      '[run|model.onnx]',
      'a run folder, "latest", or a model file (default: the model in the package)',
    )
    .argument('[path]', 'only with --data cifar10.1: the folder of its two .npy files')
    .option(
      '--data <name|path>',
      "any data for train, or cifar10.1: a name, or a folder, list, archive or Parquet file of images (default: the run's own data)",
    )
    .option(
      '--split <part>',
      'the part of the data: test or train (default: all of a folder that the model was not trained on, else test)',
      oneOf('--split', ['test', 'train'] as const),
    )
    .option(
      '--precision <fraction>',
      'for each class, the least probability from which this fraction of answers is right',
      number('--precision', { above: 0, atMost: 1 }),
    )
    .option(
      '--unknown <folder>',
      'images that show none of the classes: how many are taken for one, and the area under the ROC curve',
    )
    .option(
      '--by <column|expression>',
      'accuracy by a column of the list of images, such as camera, or by a regular expression over paths with a capture',
    )
    .option('--cost <file>', 'a table (CSV) of what each answer costs for each true class')
    .option('--json', 'print one JSON object');
  withOptions(evaluate, ['limit'], { limit: 'evaluate on only this many images (default: all)' });
  evaluate.option(
    '--tta <views>',
    "views of each image to average: none, flip or flip-shift; adaptive: further views only for images that the model is unsure of, compared with none and with all (default: the model's own)",
    oneOf('--tta', VIEW_CHOICES),
  );
  evaluate.option('--model <model>', 'the model, instead of as the first argument');
  withForeignOptions(withDevice(withLabelOptions(withDataOptions(evaluate))));
  return evaluate.action(
    async (model: string | undefined, path: string | undefined, options: EvaluateOptions) => {
      const { runEvaluate } = await import('./evaluate/run.ts');
      await runEvaluate(
        [options.model, model, path].filter((word) => word !== undefined),
        options,
      );
    },
  );
}
