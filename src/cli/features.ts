import type { Command } from 'commander';
import { about } from './about.ts';
import { command, listHelp, withDataOptions, withLabelOptions, withThreads } from './command.ts';
import type { ListFeaturesOptions } from './features/list-features.ts';
import { withOptions } from './flags.ts';
import { readShard } from './shard.ts';

export function featuresCommand(): Command {
  const features = command('features', about.features, [
    ['features ./photos --from efficientnet-lite0 --out features.safetensors', 'with files and labels'],
    ['features ./photos --from ./resnet18.onnx --out features.csv', 'a line for each image'],
    ['features ./photos --from latest --out features.npy', 'for NumPy; files and labels lie beside it'],
    ['features --list images.txt --out features.jsonl', 'of a list of any length, a line for each image'],
    ['features s3://bucket/photos/ --out features.jsonl', 'of all images below a prefix in S3'],
  ])
    .argument(
      '[data]',
      'a folder with one sub-folder of images per class, or another data set of train; for a .jsonl file any folder of images, an image, or an address',
    )
    .option('--list <file>', listHelp)
    .requiredOption(
      '--out <file>',
      'the file to write: .safetensors, .npy or .csv; .jsonl for images without labels, which continues the file if it exists',
    )
    .option('--shard <part>', 'only this part of the images: 3/16 is the third of sixteen', readShard)
    .option('--force', 'overwrite an existing file')
    .option('--json', 'print one JSON object');
  withOptions(
    withThreads(withLabelOptions(withDataOptions(features))),
    [
      'multiLabel',
      'from',
      'mean',
      'std',
      'channelOrder',
      'features',
      'resize',
      'allowRemote',
      'allowPrivate',
    ],
    {
      from: 'the network: a name of the catalogue (`harrier models`), a run folder, "latest", an .onnx file, hf:OWNER/NAME or an address (default: the one that train takes for these images; with .jsonl the first of the catalogue)',
    },
  );
  return features.action(async (data: string | undefined, options: ListFeaturesOptions) => {
    const { runFeatures } = await import('./features/run.ts');
    await runFeatures(data, options);
  });
}
