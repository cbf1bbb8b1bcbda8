import type { Command } from 'commander';
import { about } from './about.ts';
import { augmentationHelp } from './augment.ts';
import { command } from './command.ts';
import { withOptionsOf } from './flags.ts';
import type { TrainOptions } from './train/options.ts';

export function trainCommand(): Command {
  const train = command('train', about.train, [
    ['train', 'the default recipe on CIFAR-10'],
    ['train --epochs 5 --limit 5000', 'a first try on a tenth of the images'],
    ['train --set activation=tanh --set filters=64', 'change settings of the recipe'],
    ['train --data ./photos', 'your photos, one folder per class: from a pretrained network'],
    ['train --data ./photos --recipe quick --image-size 64', 'the same from random weights'],
    [
      'train --data ./photos --from efficientnet-lite0 --image-size 320',
      'a pretrained network, larger images',
    ],
    ['train --from latest --data ./photos', 'teach a finished model other classes'],
    ['train --from --data ./photos --trainable all', 'the same from the model in the package'],
    ['train --data ./photos --time 20m', 'a head first, then all layers; the better is kept'],
    ['train --augment standard', 'mirrored and shifted training images'],
    ['train --augment flip,translation=2,cutout=8', 'your own list'],
    ['train --class-weight balanced', 'when some classes have few images'],
    ['train --validation-split 0.1 --early-stopping 5', 'stop when validation stops improving'],
    ['train --data ./photos --folds 5', 'cross-validation: every image is evaluated once'],
    ['train --seeds 3', 'three runs, with their mean accuracy'],
    ['train --recipe deep --device gpu', 'on the graphics device'],
    ['train --resume latest', 'resume a run that was stopped'],
    ['train --resume runs/mine --epochs 60', 'train a finished run for more epochs'],
  ]);
  withOptionsOf(train, 'train');
  train.addHelpText('after', `\n${augmentationHelp()}`);
  return train.action(async (options: TrainOptions) => {
    const { runTrain } = await import('./train/run.ts');
    await runTrain(options);
  });
}
