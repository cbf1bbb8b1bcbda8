import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { sagemakerCommand } from '../sagemaker.ts';
import { trainCommand } from '../train.ts';
import { hyperparameterOptions, hyperparametersOf, trainOptionsOf } from './hyperparameters.ts';
import { tunedParameter } from './tune.ts';

/** Every option that says how to train. */
const TYPED =
  `--recipe keras-cnn --trainable last:2 --head linear --resize crop --epochs 3 --batch-size 16 --micro-batch 8 --average-momentum 0.9 --seed 7
  --limit 100 --learning-rate 0.05 --optimizer adam --set labelSmoothing=0.1 --set beta1=0.8
  --augment flip,translation=2,cutout=8 --class-weight cat=2,dog=0.5 --sampling balanced --resolution 1:24,5:32
  --validation-split 0.2 --early-stopping 4 --checkpoint-seconds 0 --tta flip --no-calibrate --no-keep-best --reject 0.95 --image-size 32 --resize crop
  --multi-label --columns image=photo,label=kind --label-by (\\w+)_ --merge dog=husky+beagle --classes dog,cat --loss asymmetric --test-split 0.1 --group-by id-(\\d+) --split-by time --skip-bad --marks none --threads 2`.split(
    /\s+/,
  );

function parsed(command: Command): object {
  return command
    .action(() => {})
    .parse(TYPED, { from: 'user' })
    .opts();
}

it.each(['train', 'tune'])(
  'what sagemaker %s is told arrives in the container as train would read it',
  (name) => {
    const command = sagemakerCommand().commands.find((each) => each.name() === name)!;
    const hyperparameters = hyperparametersOf(parsed(command));
    expect(Object.keys(hyperparameters)).toEqual([...hyperparameterOptions().keys()]);
    expect(trainOptionsOf(hyperparameters)).toEqual(parsed(trainCommand()));
  },
);

it('a job is one run', () => {
  expect(() => trainOptionsOf({ seeds: '3' })).toThrow(
    /^hyperparameter "seeds": a job trains one model, with one seed\. Start a job for each --seed/,
  );
});

it.each(['learning-rate', 'learning_rate', 'learningRate'])(
  '%s is tuned under the name of its option',
  (name) => {
    expect(tunedParameter(`${name}=0.001..0.1:log`)).toEqual({
      name: 'learning-rate',
      between: [0.001, 0.1],
      whole: false,
      scale: 'Logarithmic',
    });
  },
);
