import type { Command } from 'commander';
import { about } from './about.ts';
import { command, withDataOptions, withLabelOptions, withThreads } from './command.ts';
import { withOptions } from './flags.ts';
import type { InspectCommandOptions } from './inspect/run.ts';

export function inspectCommand(): Command {
  const inspect = command('inspect', about.inspect, [
    ['inspect ./photos', 'in the terminal, and as a page with the images'],
    ['inspect labels.csv --json', 'for programs'],
    ['inspect tags.csv --multi-label', 'images with any number of labels'],
    ['inspect ./photos --classes ant,bee', 'only some of the classes'],
    ['inspect ./photos --from ./resnet18.onnx', 'by the features of another network'],
  ])
    .argument('<data>', 'a folder with one sub-folder of images per class, or another data set of train')
    .option('--out <file>', 'the page to write', 'inspection.html')
    .option('--force', 'overwrite an existing file')
    .option('--json', 'print one JSON object')
    .option('--map', 'with --json: where each image lies in a plane, by its features');
  withOptions(
    withThreads(withLabelOptions(withDataOptions(inspect))),
    ['multiLabel', 'from', 'mean', 'std', 'channelOrder', 'features', 'resize', 'seed'],
    {
      from: 'the network whose features are looked at: a name of the catalogue (`harrier models`), a run folder, "latest", an .onnx file, hf:OWNER/NAME or an address (default: the one that train takes for these images)',
      seed: 'seed of all random draws',
    },
  );
  return inspect.action(async (data: string, options: InspectCommandOptions) => {
    const { runInspect } = await import('./inspect/run.ts');
    await runInspect(data, options);
  });
}
