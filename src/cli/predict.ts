import type { Command } from 'commander';
import { about } from './about.ts';
import { command, imageArguments, listHelp, withThreads } from './command.ts';
import { withOptions } from './flags.ts';
import { withForeignOptions } from './foreign.ts';
import { setsOption, topOption } from './predict/answer-options.ts';
import type { PredictOptions } from './predict/options.ts';
import { readShard } from './shard.ts';
import { number } from './values.ts';

export function predictCommand(): Command {
  const predict = command('predict', about.predict, [
    ['predict photo.jpg', 'with the model in the package'],
    ['predict latest photo.jpg', 'with the newest run in ./runs'],
    ['predict runs/mine *.png --top 1', 'the most probable class of each image'],
    ['predict model.onnx photo.jpg --json', 'for programs'],
    ['predict photo.jpg --model resnet18.onnx --labels labels.txt', 'a classifier of another program'],
    [
      'predict latest photo.jpg --sets 0.95',
      'sets of classes that contain the right one with 95% probability',
    ],
    ['predict latest photos --csv > out.csv', 'every image below a folder, for spreadsheets'],
    [
      'predict latest ./unsorted --sort ./sorted --at-least 0.9',
      'copies photos into a folder for each class',
    ],
    ['predict latest --list names.txt', 'the images that a file names, one a line'],
    ['predict latest --list names.txt --shard 3/16 --out answers-3.jsonl', 'one of sixteen machines'],
    ['predict latest s3://bucket/photos/ --out answers.jsonl', 'all images below a prefix in S3'],
    ['predict latest - < photo.jpg', 'an image from standard input; an http address works too'],
  ])
    .usage('[options] [run|model.onnx] <image|folder|address|-...>')
    .argument('[words...]', imageArguments)
    .option('--list <file>', listHelp)
    .addOption(topOption())
    .addOption(setsOption())
    .option(
      '--per-class',
      'with --sets: calibrate for each class by itself, not only for all images together',
    )
    .option('--shard <part>', 'only this part of the images: 3/16 is the third of sixteen', readShard)
    .option(
      '--sort <folder>',
      'copy each image into the folder of its class in this folder, and write predictions.csv there; overwrites no file; for files of this machine, not for addresses',
    )
    .option(
      '--at-least <probability>',
      'with --sort: images of a lower probability go into the folder unsure',
      number('--at-least', { above: 0, atMost: 1 }),
    )
    .option('--move', 'with --sort: move the images instead of copying them')
    .option('--out <file>', 'write answers as lines of JSON; continue the file if it exists')
    .option('--force', 'with --out: overwrite the file')
    .option(
      '--skip-bad',
      'with --out or --sort: end with success though some images cannot be read; their lines say why',
    )
    .option('--json', 'print one JSON array; with --sort, the number of images in each folder')
    .option(
      '--csv',
      'print a table: file,label1,probability1,…,error; of a model with several labels an image: file,labels, the probability of each label, error',
    );
  predict.option('--model <model>', 'the model, instead of as the first argument');
  withForeignOptions(predict);
  withOptions(predict, ['allowRemote', 'allowPrivate']);
  withThreads(predict);
  return predict.action(async (words: string[], options: PredictOptions) => {
    const { runPredict } = await import('./predict/run.ts');
    await runPredict(words, options);
  });
}
