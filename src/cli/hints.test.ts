import { CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { failureOf } from './failure.ts';
import { createProgram } from './program.ts';

async function said(line: string): Promise<unknown> {
  try {
    const words = line.split(' ');
    const program = await createProgram(words);
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    expect(error).toBeInstanceOf(CommanderError);
    return failureOf(error);
  }
  return expect.fail(`taken: ${line}`);
}

it.each([
  ['train --lr 0.1', "unknown option '--lr'. Did you mean --learning-rate?"],
  ['sweep --lr=0.1', "unknown option '--lr=0.1'. Did you mean --learning-rate?"],
  ['sagemaker train --lr 0.1', "unknown option '--lr'. Did you mean --learning-rate?"],
  ['train --model quick', "unknown option '--model'. Did you mean --recipe?"],
  ['train --gpu', "unknown option '--gpu'. Did you mean --device gpu?"],
  ['evaluate --cuda', "unknown option '--cuda'. Did you mean --device gpu?"],
  ['train --patience 3', "unknown option '--patience'. Did you mean --early-stopping?"],
  ['train --epoch 3', "unknown option '--epoch'. Did you mean --epochs?"],
  ['lr-find --lr 3', "unknown option '--lr'. See --help."],
  [
    'summary --model runs/mine',
    "unknown option '--model'. The model is named without a flag: harrier summary [recipe|run|model.onnx].",
  ],
  [
    'inspect --data ./photos',
    "unknown option '--data'. The folder is named without a flag: harrier inspect <data>.",
  ],
  [
    'label --data ./photos',
    "unknown option '--data'. The folder is named without a flag: harrier label <folder>.",
  ],
  ['resume', "unknown command 'resume'. Did you mean harrier train --resume?"],
  ['test runs/mine', "unknown command 'test'. Did you mean harrier evaluate?"],
  [
    'models ftech efficientnet-lite0',
    "too many arguments for 'models'. Expected 0 arguments but got 2. Did you mean harrier models fetch?",
  ],
  [
    'models efficientnet-lite0',
    "too many arguments for 'models'. Expected 0 arguments but got 1. Did you mean harrier models show efficientnet-lite0?",
  ],
  [
    'recipes keras-cnn',
    "too many arguments for 'recipes'. Expected 0 arguments but got 1. Did you mean harrier recipes show keras-cnn?",
  ],
  ['train photos', "too many arguments for 'train'. Expected 0 arguments but got 1. See --help."],
  ['trian', "unknown command 'trian'. Did you mean train?"],
])('%s', async (line, message) => {
  expect(await said(line)).toEqual({ exitCode: 2, message });
});
