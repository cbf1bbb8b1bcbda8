import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NETWORK_KEY, trainedNetwork } from '../../src/models/index.ts';
import { decodeModel, encodeModel } from '../../src/onnx/index.ts';
import { harrier, sentenceOf, start, succeeded, workplace, writeImages } from '../cli/harrier.ts';

let place: { path: string; remove: () => Promise<void> };

const train = (...args: string[]) => harrier(['train', ...args], { cwd: place.path });
const read = (...parts: string[]) => readFile(join(place.path, ...parts));
const record = async (run: string) => JSON.parse(`${await read(run, 'run.json')}`);

/** Layers and weights of a run's model. */
async function learned(run: string) {
  return trainedNetwork(decodeModel(await read(run, 'model.onnx'), run), run);
}

// A first model of three classes, with views and a normalization of its own, and images of two classes more.
beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 40, side: 12, noise: 120 });
  await writeImages(join(place.path, 'others'), { classes: ['leaf', 'stone'], perClass: 30, side: 20 });
  // Narrow: everything below begins with it.
  const what = ['--set', 'filters=8', '--set', 'units=64', '--epochs', '3', '--tta', 'flip'];
  succeeded(await train('--data', 'images', ...what, '--out', 'first'));
});
afterAll(() => place.remove());

describe('train --from', () => {
  it('trains a new head on a finished run, and says from which', async () => {
    const finished = await train('--from', 'first', '--data', 'others', '--epochs', '12', '--out', 'head');
    succeeded(finished);
    expect(finished.stdout).toContain('from first: a new last layer is trained, the others stay');
    const [before, after] = [await learned('first'), await learned('head')];
    expect(after.network.inputShape, 'images of 20 × 20 are scaled').toEqual([12, 12, 3]);
    expect(after.network.normalization).toEqual(before.network.normalization);
    expect(after.weights.get('conv2d/kernel')).toEqual(before.weights.get('conv2d/kernel'));
    expect(after.weights.get('dense_1/bias')).toHaveLength(2);
    const { options, result } = await record('head');
    expect(options.from).toMatchObject({ name: 'first', trainable: 'head' });
    expect(options.testTimeAugmentation).toBe('flip');
    expect(result.testAccuracy).toBeGreaterThan(0.8);
    expect(`${await read('head', 'README.md')}`).toContain(
      'fine-tuned with Harrier from `first`: its last layer is new, the others are unchanged',
    );
    expect(`${await read('head', 'report.html')}`).toMatch(
      /Fine-tuned from<\/dt><dd[^>]*>first, [0-9a-f]{12}</,
    );
    const said = await harrier(['predict', 'head', 'others/stone/0.png', '--json'], { cwd: place.path });
    expect(JSON.parse(said.stdout)[0].predictions[0].label).toBe('stone');
  });

  it('trains the other layers too when it is told to', async () => {
    const what = ['--data', 'others', '--epochs', '2', '--trainable', 'all', '--augment', 'translation=1'];
    succeeded(await train('--from', 'first/model.onnx', ...what, '--out', 'all'));
    const [before, after] = [await learned('first'), await learned('all')];
    expect(after.weights.get('conv2d/kernel')).not.toEqual(before.weights.get('conv2d/kernel'));
    const { options } = await record('all');
    expect(options.optimizer.groups[0].parameters).toEqual(['dense_1/*']);
    expect(options.testTimeAugmentation, 'it has not seen mirror images').toBe('none');
  });

  it('begins with the model that comes with Harrier where none is named', async () => {
    const what = ['--data', 'others', '--epochs', '1', '--seed', '2', '--tta', 'none'];
    succeeded(await train('--from', ...what, '--out', 'shipped'));
    const { options, data } = await record('shipped');
    expect(options.from).toEqual({ name: 'cifar10', hash: expect.any(String), trainable: 'head' });
    expect(data.imageShape).toEqual({ height: 32, width: 32, channels: 3 });
  });

  it('gives a network another size of images where its weights allow it, also where it goes on', async () => {
    const what = ['--data', 'others', '--image-size', '40', '--tta', 'none', '--out', 'sized'];
    const finished = await train('--from', ...what);
    expect(finished.code, finished.stderr).toBe(0);
    expect(finished.stderr).toContain(
      'cifar10 is given images of 40 × 40 instead of 32 × 32: about 1.6 times the work for each.',
    );
    const { result: _, ...begun } = await record('sized');
    expect(begun.options).toMatchObject({ imageSize: 40, from: { name: 'cifar10', imageSize: 40 } });
    expect(begun.data.imageShape).toMatchObject({ height: 40, width: 40 });
    expect((await learned('sized')).network.inputShape).toEqual([40, 40, 3]);
    await mkdir(join(place.path, 'sized-again'));
    await writeFile(join(place.path, 'sized-again', 'run.json'), JSON.stringify(begun));
    succeeded(await train('--resume', 'sized-again'));
    expect((await read('sized-again', 'model.onnx')).equals(await read('sized', 'model.onnx'))).toBe(true);
    const small = await train('--from', '--data', 'others', '--image-size', '4');
    expect(sentenceOf(small)).toMatch(
      /^cifar10: images of this size are too small for the network: expected at least 8 × 8, .*, received 4 × 4/,
    );
  });

  it('takes as many epochs and as large batches as suit the images, but for what is given', async () => {
    succeeded(
      await train('--from', 'first', '--data', 'others', '--limit', '20', '--epochs', '3', '--out', 'short'),
    );
    const { options } = await record('short');
    expect([options.epochs, options.batchSize]).toEqual([3, 8]);
  });
});

it('runs with several seeds begin with the same model, from whatever folder they go on', async () => {
  const what = ['--data', 'others', '--epochs', '1', '--seeds', '1'];
  succeeded(await train('--from', 'first', ...what, '--out', 'seeds'));
  const elsewhere = join(place.path, 'elsewhere');
  await mkdir(elsewhere);
  const cache = { HARRIER_CACHE: join(place.path, 'cache') };
  const more = ['train', '--seeds', '2', '--resume', '../seeds'];
  succeeded(await harrier(more, { cwd: elsewhere, environment: cache }));
  const [one, two] = await Promise.all([1, 2].map((seed) => record(`seeds/seed-${seed}`)));
  expect(two.options.from.hash).toBe(one.options.from.hash);
  expect([one.options.from.name, two.options.from.name]).toEqual(['first', join('..', 'first')]);
});

describe('a fine-tuning that was stopped', () => {
  const OPTIONS = ['--from', 'first', '--data', 'others', '--epochs', '12', '--validation-split', '0.2'];

  beforeAll(async () => succeeded(await train(...OPTIONS, '--trainable', 'all', '--out', 'straight')));

  it('goes on to the same bytes', async () => {
    const running = start(['train', ...OPTIONS, '--trainable', 'all', '--out', 'stopped'], {
      cwd: place.path,
    });
    await running.says('epoch  2/12');
    running.process.kill('SIGINT');
    expect((await running.finished).code).toBe(130);
    succeeded(await train('--resume', 'stopped'));
    expect((await read('stopped', 'model.onnx')).equals(await read('straight', 'model.onnx'))).toBe(true);
  });

  it('before its first checkpoint begins again with the very model that it began with', async () => {
    await stoppedAtOnce('at-once');
    succeeded(await train('--resume', 'at-once'));
    expect((await read('at-once', 'model.onnx')).equals(await read('straight', 'model.onnx'))).toBe(true);
  });

  it('says so when that model has changed or is gone', async () => {
    const kept = await read('first', 'model.onnx');
    await stoppedAtOnce('changed');
    const file = join(place.path, 'first', 'model.onnx');
    await cp(join(place.path, 'all', 'model.onnx'), file);
    const changed = await train('--resume', 'changed');
    await rm(file);
    const gone = await train('--resume', 'changed');
    await writeFile(file, kept);
    expect(sentenceOf(changed)).toMatch(
      /model\.onnx: the model that this run started from has changed: expected SHA-256 \w+, received \w+\. Restore it/,
    );
    expect(sentenceOf(gone)).toMatch(
      /model\.onnx: the model that this run started from is missing\. Restore/,
    );
  });

  /** The run as a process leaves it that was killed before the first step. */
  async function stoppedAtOnce(run: string): Promise<void> {
    const { result: _, ...begun } = await record('straight');
    await mkdir(join(place.path, run));
    await writeFile(join(place.path, run, 'run.json'), JSON.stringify(begun));
  }
});

describe('refused, in one sentence:', () => {
  const cases: [what: string, args: string[], sentence: RegExp][] = [
    ['no such run', ['--from', 'frist'], /^frist: there is no such model or run folder\. Check the path\.$/],
    [
      'an empty name',
      ['--from='],
      /^--from: this value cannot be used: expected a run folder, "latest" or an \.onnx file/,
    ],
    [
      'a recipe besides',
      ['--from', 'first', '--recipe', 'quick'],
      /^--recipe and --from cannot be combined\. A fine-tuned model keeps its own network/,
    ],
    [
      'another size of images',
      ['--from', 'first', '--image-size', '24'],
      /^first: keras-cnn, layer "dense" \(Dense\): it has weights for one size of images: expected 12 × 12, received 24 × 24\. .* Leave the image size out: .* \(--image-size\)\.$/,
    ],
    [
      'data of another size',
      ['--from', 'first', '--data', 'records'],
      /another size than those that first looks at: expected 12 × 12, received 32 × 32\. .*\(--from, --data\)\.$/,
    ],
    [
      'what to train of a recipe',
      ['--trainable', 'all'],
      /^--trainable: a recipe trains its whole network\. Leave it out, or name a model to fine-tune: --from MODEL\.$/,
    ],
    [
      'a setting of a recipe',
      ['--from', 'first', '--set', 'filters=8'],
      /^unknown setting of fine-tuning "filters"/,
    ],
    [
      'layers that there are not',
      ['--from', 'newer.onnx'],
      /newer\.onnx: what it says of its layers cannot be read: received unknown layer "Conv9D"\. The file is damaged, or from a newer version/,
    ],
    [
      'another model for a run that goes on',
      ['--resume', 'first', '--from', 'head'],
      /--from cannot change: expected none, received head/,
    ],
  ];

  beforeAll(async () => {
    const model = decodeModel(await read('first', 'model.onnx'), 'first');
    const { [NETWORK_KEY]: network, ...metadata } = model.metadata;
    const newer = { ...metadata, [NETWORK_KEY]: network.replaceAll('"Conv2D"', '"Conv9D"') };
    await writeFile(join(place.path, 'newer.onnx'), encodeModel({ ...model, metadata: newer }));
    for (const part of ['train', 'test']) {
      await mkdir(join(place.path, 'records', part), { recursive: true });
      const bytes = new Uint8Array(20 * 3073).map((_, i) => (i % 3073 === 0 ? (i / 3073) % 10 : i % 251));
      await writeFile(join(place.path, 'records', part, 'data.bin'), bytes);
    }
  });

  it.each(cases)('%s', async (_, args, sentence) => {
    const finished = await train('--data', 'others', ...args, '--out', 'refused');
    expect(sentenceOf(finished)).toMatch(sentence);
    await expect(read('refused', 'run.json')).rejects.toThrow('ENOENT');
  });
});
