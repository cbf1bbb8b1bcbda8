import type { Command } from 'commander';
import { augmentationList } from '../data/augmentation/words.ts';
import type { ClassWeight } from '../data/class-weight.ts';
import type { Resolution } from '../data/resolution.ts';
import { HarrierError } from '../errors.ts';
import { TUNED_PARTS } from '../models/new-head.ts';
import { augmentationHelp } from './augment.ts';
import { command, optimizerHelp, share, views, withDataOptions, withDevice } from './command.ts';
import type { TrainOptions } from './train/options.ts';
import { collect, number, numbersByName, oneOf, wholeNumber } from './values.ts';

export function trainCommand(): Command {
  const train = command('train', 'Train a model, judge it on the test images, and write a run folder.', [
    ['train', 'the default recipe on CIFAR-10'],
    ['train --epochs 5 --limit 5000', 'a first try on a tenth of the images'],
    ['train --set activation=tanh --set filters=64', 'change settings of the recipe'],
    ['train --data ./photos --image-size 64', 'a folder with one sub-folder per class'],
    ['train --from latest --data ./photos', 'teach a finished model other classes'],
    ['train --from --data ./photos --trainable all', 'the same from the model that comes with Harrier'],
    ['train --augment standard', 'mirrored and shifted training images'],
    ['train --augment flip,translation=2,cutout=8', 'a list of your own'],
    ['train --class-weight balanced', 'when some classes have few images'],
    ['train --validation-split 0.1 --early-stopping 5', 'stop when it gets no better'],
    ['train --seeds 3', 'three runs, and what they reach on average'],
    ['train --recipe deep --device gpu', 'on the graphics device'],
    ['train --resume latest', 'go on with a run that was stopped'],
    ['train --resume runs/mine --epochs 60', 'give a finished run more epochs'],
  ])
    .option(
      '--recipe <name|file>',
      'network and settings: a name (`harrier recipes` lists them) or a file (default: keras-cnn, or the first of ./harrier.config.ts)',
    )
    .option(
      '--from [model]',
      'fine-tune a finished model: a run folder, "latest" or a model.onnx of Harrier (when none is named: the one that comes with it)',
      namedModel,
    )
    .option(
      '--trainable <part>',
      'with --from; head: a new last layer alone; all: the other layers too, at a lower rate (default: head)',
      oneOf('--trainable', TUNED_PARTS),
    )
    .option(
      '--data <name|path>',
      'cifar10, or a folder with one sub-folder of images per class (default: cifar10)',
    )
    .option(
      '--epochs <count>',
      "times to go through the training images (default: the recipe's)",
      wholeNumber('--epochs'),
    )
    .option('--batch-size <count>', "images per step (default: the recipe's)", wholeNumber('--batch-size'))
    .option(
      '--micro-batch <count>',
      "images that go through the network at once; a larger batch goes in parts (default: the recipe's)",
      wholeNumber('--micro-batch'),
    )
    .option(
      '--average-momentum <share>',
      "judge and keep an average of the weights, of which so much stays at each step (default: the recipe's)",
      share('--average-momentum'),
    )
    .option(
      '--seed <number>',
      'everything random follows from it (default: 1)',
      wholeNumber('--seed', { atLeast: 0 }),
    )
    .option(
      '--seeds <count>',
      'train so many times, with seeds from --seed on, and say mean and deviation',
      wholeNumber('--seeds'),
    )
    .option('--limit <count>', 'use so many training images only (default: all)', wholeNumber('--limit'))
    .option('--out <folder>', 'the run folder to write (default: runs/<recipe>-<time>)')
    .option('--resume <run>', 'go on with this run (a folder, or "latest"), with its own options')
    .option(
      '--learning-rate <number>',
      "the highest of a schedule (default: the recipe's)",
      number('--learning-rate', { above: 0 }),
    )
    .option('--optimizer <name>', optimizerHelp)
    .option(
      '--set <name=value>',
      'change a setting of the recipe; `harrier recipes` lists them; may be given several times',
      collect,
    )
    .option(
      '--augment <set|list>',
      "random changes of the training images, see below (default: the recipe's)",
      augmentationList,
    )
    .option(
      '--class-weight <balanced|list>',
      'how much images count by class: balanced makes all classes count alike; or cat=2,dog=0.5',
      classWeight,
    )
    .option(
      '--sampling <kind>',
      'natural: each image once an epoch; balanced: every class equally often (default: natural)',
      oneOf('--sampling', ['natural', 'balanced'] as const),
    )
    .option(
      '--resolution <list>',
      'size of the training images from an epoch on, such as 1:24,5:32: smaller ones train faster',
      resolution,
    )
    .option(
      '--validation-split <share>',
      "share of the training images to judge each epoch by (default: the recipe's)",
      share('--validation-split'),
    )
    .option(
      '--early-stopping <epochs>',
      'stop after so many epochs without a lower validation loss',
      wholeNumber('--early-stopping'),
    )
    .option(
      '--checkpoint-seconds <seconds>',
      'longest time between two checkpoints (default: 60)',
      number('--checkpoint-seconds', { atLeast: 0 }),
    )
    .option(
      '--tta <views>',
      "views of each image that the finished model averages: none, flip or flip-shift (default: the recipe's)",
      views,
    )
    .option(
      '--no-calibrate',
      'leave the probabilities as training left them, instead of fitting a temperature on the validation images',
    )
    .option('--json', 'print the result as one JSON object');
  withDevice(withDataOptions(train));
  train.addHelpText('after', `\n${augmentationHelp()}`);
  return train.action(async (options: TrainOptions) => {
    const { runTrain } = await import('./train/run.ts');
    await runTrain(options);
  });
}

/** `balanced`, or weights by class name. */
export function classWeight(text: string): ClassWeight {
  return text.trim() === 'balanced' ? 'balanced' : numbersByName('--class-weight')(text);
}

/** An empty name is a variable of the shell that is not set, not a wish for the model that comes with Harrier. */
function namedModel(text: string): string {
  if (text.trim() !== '') return text;
  throw new HarrierError('bad-option', 'this names no model', {
    where: '--from',
    expected: 'a run folder, "latest" or a model.onnx',
    received: `"${text}"`,
  });
}

/** `epoch:size` pairs with commas between. */
function resolution(text: string): Resolution {
  return text.split(',').map((pair) => {
    const [, epoch, size] = /^\s*(\d+)\s*:\s*(\d+)\s*$/.exec(pair) ?? [];
    if (size !== undefined) return { fromEpoch: Number(epoch), size: Number(size) };
    throw new HarrierError('bad-option', 'this value makes no sense', {
      where: '--resolution',
      expected: 'epoch:size, with commas between, such as 1:24,5:32',
      received: `"${text}"`,
    });
  });
}
