import type { Command } from 'commander';
import { EXPLANATION_METHODS } from '../explanation/methods.ts';
import { about } from './about.ts';
import { command, imageArguments, listHelp, withThreads } from './command.ts';
import type { ExplainOptions } from './explain/run.ts';
import { withOptions } from './flags.ts';
import { withForeignOptions } from './foreign.ts';
import { oneOf } from './values.ts';

export function explainCommand(): Command {
  const explain = command('explain', about.explain, [
    ['explain photo.jpg --out why', 'with the model in the package'],
    ['explain latest *.jpg --out why', 'with the newest run in ./runs'],
    ['explain latest photo.jpg --out why --class cat', 'what speaks for the class cat?'],
    ['explain model.onnx photo.jpg --out why --layer conv2d_3', 'at a finer layer'],
    ['explain model.onnx photo.jpg --out why --method saliency', 'pixel by pixel'],
  ])
    .usage('[options] [run|model.onnx] <image|folder|address|-...>')
    .argument('[words...]', imageArguments)
    .option('--list <file>', listHelp)
    .requiredOption(
      '--out <folder>',
      'folder for the results: each image, and beside it a heat map from violet (counted little) to yellow (counted most)',
    )
    .option(
      '--method <name>',
      'grad-cam (which parts of the image) or saliency (which pixels)',
      oneOf('--method', EXPLANATION_METHODS),
      'grad-cam',
    )
    .option('--layer <name>', 'layer for grad-cam (default: the last with a height and a width)')
    .option('--class <name>', 'class to explain (default: the most probable)')
    .option('--json', 'print one JSON array');
  explain.option('--model <model>', 'the model, instead of as the first argument');
  withForeignOptions(explain);
  withOptions(explain, ['allowRemote', 'allowPrivate']);
  withThreads(explain);
  return explain.action(async (words: string[], options: ExplainOptions) => {
    const { runExplain } = await import('./explain/run.ts');
    await runExplain(words, options);
  });
}
