import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 8 });
  await run('train', '--data', 'images', '--epochs', '1', '--out', 'run');
});
afterAll(() => place.remove());

describe('wrong usage: one sentence with the nearest name, exit code 2', () => {
  it.each<[string, string[], RegExp]>([
    ['an unknown command', ['trian'], /unknown command 'trian'\. Did you mean train\?$/],
    ['an unknown option', ['train', '--epoch', '3'], /unknown option '--epoch'\. Did you mean --epochs\?$/],
    [
      'an unknown recipe',
      ['train', '--recipe', 'keras-cn'],
      /unknown recipe "keras-cn"\. Did you mean "keras-cnn"\?/,
    ],
    [
      'an unknown recipe in summary',
      ['summary', 'kerascnn'],
      /unknown recipe "kerascnn"\. Did you mean "keras-cnn"\?/,
    ],
    [
      'an unknown optimizer',
      ['train', '--optimizer', 'adan'],
      /unknown optimizer "adan"\. Did you mean "Adam"\?/,
    ],
    [
      'an unknown augmentation',
      ['train', '--augment', 'flip,cutuot=8'],
      /unknown augmentation "cutuot"\. Did you mean "cutout"\?/,
    ],
    [
      'another augmentation in a run that goes on',
      ['train', '--resume', 'run', '--augment', 'light'],
      /--augment cannot change: expected \[\], received \[\{"name":"RandomFlip"\}\]/,
    ],
    [
      'an unknown source',
      ['data', 'cifar10', '--source', 'nmp'],
      /unknown value of --source "nmp"\. Did you mean "npm"\?/,
    ],
    [
      'an unknown part',
      ['evaluate', 'run', '--split', 'tset'],
      /unknown value of --split "tset"\. Did you mean "test"\?/,
    ],
    [
      'another size for cifar10',
      ['train', '--image-size', '64'],
      /images of CIFAR-10 cannot be scaled: expected 32 × 32, received 64 × 64/,
    ],
    [
      'no epochs',
      ['train', '--epochs', '0'],
      /^--epochs: this value cannot be used: expected a whole number of at least 1, received "0"\.$/,
    ],
    [
      'a word for a number',
      ['train', '--learning-rate', 'fast'],
      /--learning-rate: .*expected a number above 0/,
    ],
    [
      'a fraction that is none',
      ['train', '--validation-split', '1.5'],
      /--validation-split: .*below 1, received "1\.5"/,
    ],
    ['a missing argument', ['predict', 'run'], /missing required argument 'file'/],
    ['a superfluous argument', ['data', 'images', 'more'], /too many arguments/],
    ['an option without its value', ['train', '--epochs'], /option '--epochs <count>' argument missing/],
    [
      'two forms of output',
      ['predict', 'run', 'x.png', '--json', '--csv'],
      /--json and --csv cannot be combined/,
    ],
    [
      'classes for features of images without labels',
      ['features', 'images', '--classes', 'cat,dog', '--out', 'features.jsonl'],
      /^--classes: lines of JSON are of images without labels\. Leave it out, or write \.csv/,
    ],
    [
      'what to transfer from, of no transfer',
      ['bench', '--data', 'photos'],
      /^--data: only --transfer and --teach take --data\. Add one/,
    ],
    [
      'two things to measure',
      ['bench', '--serve', '--recipe', 'quick'],
      /--serve and --recipe cannot be combined/,
    ],
    [
      'figures to save, and another measurement',
      ['bench', '--compare', '--save', 'history.jsonl', '--export', 'run'],
      /--export and --compare cannot be combined/,
    ],
    [
      'a model file without data',
      ['evaluate', 'copy.onnx'],
      /does not name the data to evaluate on\. Set --data/,
    ],
    [
      'early stopping without validation',
      ['train', '--data', 'images', '--early-stopping', '2'],
      /early stopping needs validation images\. Set a validation split, .*\(--validation-split\)\.$/,
    ],
    [
      'a folder that holds a run already',
      ['train', '--data', 'images', '--out', 'run'],
      /this folder already contains a run\. Choose another, or resume this run \(--out, --resume\)\.$/,
    ],
    [
      'another batch size in a run that goes on',
      ['train', '--resume', 'run', '--batch-size', '7'],
      /keeps its own options: --batch-size cannot change: expected 32, received 7/,
    ],
    [
      'fewer epochs in a run that goes on',
      ['train', '--resume', 'two', '--epochs', '1'],
      /at least 2, received 1/,
    ],
  ])('%s', async (_, args, sentence) => {
    if (args.includes('copy.onnx')) {
      await writeFile(join(place.path, 'copy.onnx'), await readFile(join(place.path, 'run', 'model.onnx')));
    }
    if (args.includes('two')) await run('train', '--data', 'images', '--epochs', '2', '--out', 'two');
    const finished = await run(...args);
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(finished.code).toBe(2);
    expect(finished.stdout).toBe('');
  });

  it('an unknown class: images of what the model does not know', async () => {
    await writeImages(join(place.path, 'strangers'), { classes: ['cats', 'dog'], perClass: 4 });
    const finished = await run('evaluate', 'run', '--data', 'strangers');
    expect(sentenceOf(finished)).toBe(
      'unknown class for this model "cats". Did you mean "cat"? There are: cat, dog, ship.',
    );
    expect(finished.code).toBe(2);
  });

  it('an unknown layer: a network that this version does not have', async () => {
    const path = join(place.path, 'run', 'run.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"MaxPooling2D"', '"MaxPoling2D"'));
    const finished = await run('summary', 'run');
    await writeFile(path, text);
    expect(sentenceOf(finished)).toMatch(
      /run\.json: its field "network" cannot be used: unknown layer "MaxPoling2D"\. Did you mean "MaxPooling2D"\?/,
    );
    expect(finished.code).toBe(1);
  });
});
