import type { Command } from 'commander';
import { VIEW_CHOICES } from '../options/words.ts';
import { CALIBRATIONS } from '../quantization/index.ts';
import { about } from './about.ts';
import { command, withDataOptions, withThreads } from './command.ts';
import { adaptiveFormats, EXPORT_FORMATS, type ExportCommandOptions, formatsHelp } from './export/formats.ts';
import { withOptions } from './flags.ts';
import { withForeignOptions } from './foreign.ts';
import { oneOf } from './values.ts';

export function exportCommand(): Command {
  const exporting = command('export', about.export, [
    ['export latest --format onnx-int8', 'a quarter of the size: <run>-int8.onnx'],
    ['export latest --format onnx-int8-compute', 'computes in 8 bits: as small, and faster'],
    ['export runs/mine --format onnx-fp16 --out small.onnx', 'half the size'],
    ['export latest --format onnx --tta flip-shift', 'with test-time augmentation in the file'],
    ['export latest --format npm --name @acme/parts', 'a package: import { classify }'],
    ['export latest --format transformers.js', 'a folder for pipeline() of Hugging Face'],
    ['export latest --format safetensors', "the weights, in Keras's layout"],
    ['export model.onnx --format onnx-int8 --data ./photos', 'evaluated on a folder of images'],
  ])
    .argument('<run|model.onnx>', 'a run folder, "latest", or a model file')
    .requiredOption('--format <name>', formatsHelp(), oneOf('--format', EXPORT_FORMATS))
    .option(
      '--out <path>',
      'the file or folder to write (default: in this folder, named after the run, or with npm after the package)',
    )
    .option('--name <package>', 'with npm: the name of the package, such as @acme/parts')
    .option('--force', 'overwrite an existing file, or write into a folder that holds other files')
    .option(
      '--data <name|path>',
      "any data for train, to evaluate on (default: the run's validation images, else its test images)",
    )
    .option(
      '--calibration <method>',
      'with onnx-int8-compute: how ranges are chosen: min-max, percentile or entropy (default: the best of them)',
      oneOf('--calibration', CALIBRATIONS),
    )
    .option('--json', 'print one JSON object');
  withOptions(exporting, ['limit'], { limit: 'evaluate on only this many images (default: all)' });
  exporting.option(
    '--tta <views>',
    `views of each image to average: none, flip or flip-shift; with ${adaptiveFormats('and')} also adaptive: further views only for images that the model is unsure of (default: the model's own)`,
    oneOf('--tta', VIEW_CHOICES),
  );
  withForeignOptions(withThreads(withDataOptions(exporting)));
  return exporting.action(async (model: string, options: ExportCommandOptions) => {
    const { runExport } = await import('./export/run.ts');
    await runExport(model, options);
  });
}
