import type { Command } from 'commander';
import { EXPLANATION_METHODS } from '../explanation/methods.ts';
import { command, imageArguments, listHelp, withThreads } from './command.ts';
import type { ExplainOptions } from './explain/run.ts';
import { oneOf } from './values.ts';

export function explainCommand(): Command {
  const explain = command('explain', 'Show where a model looks when it says what images show.', [
    ['explain photo.jpg --out why', 'with the model that comes with Harrier'],
    ['explain latest *.jpg --out why', 'with the newest run in ./runs'],
    ['explain latest photo.jpg --out why --class cat', 'what in it speaks for cat?'],
    ['explain model.onnx photo.jpg --out why --layer conv2d_3', 'at a finer layer'],
    ['explain model.onnx photo.jpg --out why --method saliency', 'pixel by pixel'],
  ])
    .usage('[options] [run|model.onnx] <image|folder|address|-...>')
    .argument('[words...]', imageArguments)
    .option('--list <file>', listHelp)
    .requiredOption(
      '--out <folder>',
      'where to write an image for each: as it is, and beside it what counted, from violet (little) to yellow (most)',
    )
    .option(
      '--method <name>',
      'grad-cam (which parts of the image) or saliency (which pixels)',
      oneOf('--method', EXPLANATION_METHODS),
      'grad-cam',
    )
    .option('--layer <name>', 'layer that grad-cam looks at (default: the last that still has places)')
    .option('--class <name>', 'class to explain (default: the most probable)')
    .option('--json', 'print one JSON array');
  withThreads(explain);
  return explain.action(async (words: string[], options: ExplainOptions) => {
    const { runExplain } = await import('./explain/run.ts');
    await runExplain(words, options);
  });
}
