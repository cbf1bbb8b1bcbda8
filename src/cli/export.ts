import type { Command } from 'commander';
import { command, withDataOptions, withThreads } from './command.ts';
import { EXPORT_FORMATS, type ExportCommandOptions } from './export/formats.ts';
import { withOptions } from './flags.ts';
import { oneOf } from './values.ts';

export function exportCommand(): Command {
  const exporting = command('export', 'Write a model in another form, and say what that costs in accuracy.', [
    ['export latest --format onnx-int8', 'a quarter of the size: <run>-int8.onnx'],
    ['export runs/mine --format onnx-fp16 --out small.onnx', 'half the size'],
    ['export latest --format onnx --tta flip-shift', 'with test-time augmentation inside'],
    ['export latest --format safetensors', "the weights, in Keras's layout"],
    ['export model.onnx --format onnx-int8 --data ./photos', 'evaluated on a folder of images'],
  ])
    .argument('<run|model.onnx>', 'a run folder, "latest", or a model file')
    .requiredOption(
      '--format <name>',
      'onnx, onnx-fp16 (weights in 16 bits), onnx-int8 (in 8), or safetensors',
      oneOf('--format', EXPORT_FORMATS),
    )
    .option('--out <file>', 'the file to write (default: named after the run, in this folder)')
    .option('--force', 'write over a file that is there already')
    .option('--data <name|path>', "the data to evaluate it on (default: the run's validation images)")
    .option('--json', 'print one JSON object');
  withOptions(exporting, ['limit', 'tta'], {
    limit: 'evaluate on so many images only (default: all)',
    tta: "views of each image to average: none, flip or flip-shift (default: the model's own)",
  });
  withThreads(withDataOptions(exporting));
  return exporting.action(async (model: string, options: ExportCommandOptions) => {
    const { runExport } = await import('./export/run.ts');
    await runExport(model, options);
  });
}
