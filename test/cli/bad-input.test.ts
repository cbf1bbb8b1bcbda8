import { copyFile, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CIFAR10_FILES } from '../../src/platform/node/datasets/cifar10-files.ts';
import { cacheDirectory, cifar10, cifar10Directory } from '../../src/platform/node/index.ts';
import { harrier, sentenceOf, workplace, writeImage, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
let folder: string;
let count = 0;
const run = (...args: string[]) => harrier(args, { cwd: place.path });

/** Runs what must fail with exit code 1 and one sentence; gives the sentence. */
async function failure(...args: string[]): Promise<string> {
  const finished = await run(...args);
  expect(finished.code).toBe(1);
  return sentenceOf(finished);
}

beforeAll(async () => {
  place = await workplace();
});
afterAll(() => place.remove());

describe('a data folder', () => {
  beforeEach(() => {
    folder = `images-${++count}`;
  });
  const train = () => failure('train', '--data', folder, '--epochs', '1', '--out', `run-${count}`);
  const put = () => writeImages(join(place.path, folder), { classes: ['cat', 'dog'], perClass: 4 });
  const nothingWasMade = async () => expect(await readdir(place.path)).not.toContain(`run-${count}`);

  it('that is missing', async () => {
    expect(await train()).toMatch(
      /^images-\d+: there is no such data set or folder: expected cifar10, cifar100, fashion-mnist, mnist, or the path/,
    );
    await nothingWasMade();
  });

  it('that is empty', async () => {
    await mkdir(join(place.path, folder));
    expect(await train()).toMatch(
      /the folder has no usable classes: .*received no folders\. Sort the images/,
    );
    await nothingWasMade();
  });

  it('that has one class', async () => {
    await writeImages(join(place.path, folder), { classes: ['cat'] });
    expect(await train()).toMatch(/the folder has one class: .*received only "cat"\. Sort the images/);
  });

  it('to which a file came later that is no image, of a run that is resumed or exported', async () => {
    await put();
    const out = `run-${count}`;
    const data = ['--data', folder, '--recipe', 'quick', '--image-size', '16'];
    const trained = await run('train', ...data, '--epochs', '1', '--out', out);
    expect(trained.code, trained.stderr).toBe(0);
    await writeFile(join(place.path, folder, 'dog', 'later.png'), 'no image');
    const again = ['train', '--resume', out, '--epochs', '2'];
    expect(await failure(...again)).toMatch(/later\.png: 1 file of 9 cannot be used.* \(--skip-bad\)\.$/);
    const resumed = await run(...again, '--skip-bad');
    expect(resumed.code, resumed.stderr).toBe(0);
    const integers = ['export', out, '--format', 'onnx-int8-compute', '--out', `${out}.onnx`];
    const exported = await run(...integers, '--skip-bad');
    expect(exported.code, exported.stderr).toBe(0);
    expect(exported.stdout).toContain('evaluated on');
  });

  it('is not looked at where the folder of the run is taken', async () => {
    const taken = join(place.path, `taken-${count}`);
    await mkdir(taken);
    await writeFile(join(taken, 'run.json'), '{}');
    for (const more of [[], ['--dry-run'], ['--seeds', '2']]) {
      const finished = await run('train', '--data', 'nowhere', '--out', taken, ...more);
      expect(finished.code).toBe(2);
      expect(sentenceOf(finished)).toMatch(
        /taken-\d+: this folder already contains a run\. .* \(--out, --resume\)\.$/,
      );
    }
  });

  it('that holds a corrupt image', async () => {
    await put();
    const bytes = await readFile(join(place.path, folder, 'cat', '0.png'));
    bytes.fill(0x55, 60, 120);
    await writeFile(join(place.path, folder, 'cat', '0.png'), bytes);
    expect(await train()).toMatch(
      /0\.png: 1 file of 8 cannot be used; .*damaged.* skip them \(--skip-bad\)\.$/,
    );
    await nothingWasMade();
  });

  it('that holds a truncated image: with --skip-bad it is left out', async () => {
    await put();
    await truncate(join(place.path, folder, 'dog', '1.png'), 150);
    expect(await train()).toMatch(/1\.png: 1 file of 8 cannot be used; .*cut off/);
    const { code, stderr } = await run(
      'train',
      '--data',
      folder,
      '--skip-bad',
      '--epochs',
      '1',
      '--out',
      `run-${count}`,
    );
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/1 file that is not a usable image was skipped/),
    ]);
  });

  it('that holds an absurdly large image', async () => {
    await put();
    const huge = join(place.path, folder, 'cat', 'huge.png');
    await writeImage(huge, 8, 0, 0);
    const bytes = await readFile(huge);
    // Width and height in the header; its checksum follows from them.
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    await writeFile(huge, bytes);
    expect(await train()).toMatch(/huge\.png: .*too large.*60000 × 60000/);
  });

  it('that does not fit into memory: says how much is needed, before it starts', async () => {
    await put();
    const started = ['train', '--data', folder, '--out', `run-${count}`];
    expect(await failure(...started, '--image-size', '512')).toMatch(
      /^keras-cnn: its weights, gradients and optimizer do not fit.*received 8\.6 GB\. Lower the image size.*\(--image-size\)\.$/,
    );
    await nothingWasMade();
  });

  it('whose images are too small for the recipe: names the layer and both shapes', async () => {
    await put();
    const sentence = await failure('train', '--data', folder, '--image-size', '1', '--out', `run-${count}`);
    expect(sentence).toMatch(/^keras-cnn, layer "max_pooling2d" \(MaxPooling2D\) on \(1, 1, 32\): /);
    await nothingWasMade();
  });
});

describe('the cache of CIFAR-10', () => {
  it('with one byte changed in a file', async () => {
    await cifar10();
    const directory = cifar10Directory(join(place.path, 'changed'));
    const own = cifar10Directory(cacheDirectory());
    await mkdir(directory, { recursive: true });
    const [first, ...others] = Object.keys(CIFAR10_FILES);
    for (const name of others) await symlink(join(own, name), join(directory, name));
    await copyFile(join(own, first), join(directory, first));
    const bytes = await readFile(join(directory, first));
    bytes[12_345] ^= 1;
    await writeFile(join(directory, first), bytes);
    const environment = { HARRIER_CACHE: join(place.path, 'changed') };
    for (const args of [
      ['train', '--out', 'never'],
      ['data', 'cifar10', '--verify'],
    ]) {
      const finished = await harrier(args, { cwd: place.path, environment });
      expect(finished.code).toBe(1);
      expect(sentenceOf(finished)).toMatch(/data_batch_1\.bin.*Delete/);
    }
    await rm(join(place.path, 'changed'), { recursive: true });
  });
});

describe('predict', () => {
  beforeAll(async () => {
    await writeImages(join(place.path, 'images'), { perClass: 4 });
    await writeImage(join(place.path, 'one.png'), 8, 1, 5);
    await run('train', '--data', 'images', '--epochs', '1', '--out', 'model');
  });

  it('a file that is no image: the others are still answered', async () => {
    await writeFile(join(place.path, 'text.png'), 'this is no image');
    const finished = await run('predict', 'model', 'text.png', 'one.png');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /^text\.png: not an image: expected PNG, .*received text beginning "this is no/,
    );
    expect(finished.stdout).toMatch(/^one\.png\n/);
  });

  it('a file that is not there, with the others in JSON', async () => {
    const finished = await run('predict', 'model', 'nowhere.png', 'one.png', '--json');
    expect(finished.code).toBe(1);
    const [missing, answered] = JSON.parse(finished.stdout);
    expect(missing).toEqual({ file: 'nowhere.png', predictions: [], error: sentenceOf(finished) });
    expect(answered.predictions).toHaveLength(3);
  });

  it('a file that is no image, with the others in a table', async () => {
    await writeFile(join(place.path, 'text.png'), 'this is "no" image');
    const finished = await run('predict', 'model', 'text.png', 'one.png', '--csv', '--top', '2');
    expect(finished.code).toBe(1);
    const [header, bad, good] = finished.stdout.split('\n');
    expect(header).toBe('file,label1,probability1,label2,probability2,error');
    expect(bad).toBe(`text.png,,,,,"${sentenceOf(finished).replaceAll('"', '""')}"`);
    expect(good).toMatch(/^one\.png,\w+,[\d.e-]+,\w+,[\d.e-]+,$/);
  });

  it('with a model that is not there', async () => {
    expect(await failure('predict', 'lates', 'one.png')).toMatch(
      /no such model or run folder\. Did you mean "latest"\?/,
    );
  });

  it('with a model file that is none, or cut off', async () => {
    await writeFile(join(place.path, 'none.onnx'), 'nothing of the kind');
    expect(await failure('predict', 'none.onnx', 'one.png')).toMatch(/^.*none\.onnx: /);
    await copyFile(join(place.path, 'model', 'model.onnx'), join(place.path, 'cut.onnx'));
    await truncate(join(place.path, 'cut.onnx'), 30_000);
    expect(await failure('predict', 'cut.onnx', 'one.png')).toMatch(/^.*cut\.onnx: /);
  });

  it('an image that cannot hold still: an animation gives its first frame', async () => {
    await sharp(join(place.path, 'one.png')).gif().toFile(join(place.path, 'one.gif'));
    expect((await run('predict', 'model', 'one.gif')).code).toBe(0);
  });
});

/** The checksum of PNG chunks (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

it('a history of measurements that is none, before minutes of measuring', async () => {
  await writeFile(join(place.path, 'history.csv'), 'epoch,loss\n');
  expect(await failure('bench', '--compare', 'history.csv')).toBe(
    'history.csv, line 1: this line does not belong into a history of measurements: expected an object, received "epoch,loss".',
  );
});
