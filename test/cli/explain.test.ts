import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conv2D, Dense, GlobalMaxPooling2D } from '../../src/layers/index.ts';
import { CLASS_NAMES_KEY, exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import { imageFileSize } from '../../src/platform/node/images/image-file-size.ts';
import { PROGRAM } from '../program.ts';
import { harrier, sentenceOf, workplace, writeImage } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(['explain', ...args], { cwd: place.path });

beforeAll(async () => {
  place = await workplace();
  const network = new Network({
    inputShape: [8, 8, 3],
    layers: [
      new Conv2D({ filters: 6, kernelSize: 3, activation: 'relu' }),
      new GlobalMaxPooling2D(),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
  });
  const model = exportModel(network, initialWeights(network.parameters, 1), {
    [CLASS_NAMES_KEY]: JSON.stringify(['cat', 'dog', 'ship']),
  });
  await writeFile(join(place.path, 'model.onnx'), encodeModel(model));
  await writeImage(join(place.path, 'one.png'), 8, 1, 1);
  await writeImage(join(place.path, 'more', 'one.png'), 40, 2, 2);
  await writeFile(join(place.path, 'text.png'), 'no image');
});
afterAll(() => place.remove());

describe('harrier explain', () => {
  it('goes on to its end where nobody reads what it prints', async () => {
    const words = ['explain', 'model.onnx', 'one.png', 'more/one.png', '--out', 'unread'];
    const unread = spawn(process.execPath, [PROGRAM, ...words], {
      cwd: place.path,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    unread.stdout.destroy();
    expect(await once(unread, 'exit')).toEqual([0, null]);
    expect(await readdir(join(place.path, 'unread'))).toHaveLength(2);
  });

  it('explains a BMP, which has a decoder of its own', async () => {
    const header = Buffer.alloc(54);
    header.write('BM');
    for (const [at, value] of [
      [2, 54 + 8 * 8 * 3],
      [10, 54],
      [14, 40],
      [18, 8],
      [22, 8],
    ])
      header.writeUInt32LE(value, at);
    header.writeUInt16LE(1, 26);
    header.writeUInt16LE(24, 28);
    await writeFile(join(place.path, 'one.bmp'), Buffer.concat([header, Buffer.alloc(8 * 8 * 3, 90)]));
    const { code, stderr } = await run('model.onnx', 'one.bmp', '--out', 'bmp');
    expect([code, stderr]).toEqual([0, '']);
    expect(await readdir(join(place.path, 'bmp'))).toEqual(['one.png']);
    // As large as its header says.
    expect(await imageFileSize(join(place.path, 'one.bmp'))).toEqual({ width: 8, height: 8 });
  });

  it('explains images of 16 bits', async () => {
    const samples = Uint16Array.from({ length: 8 * 8 * 3 }, (_, i) => 300 * i);
    const raw = { width: 8, height: 8, channels: 3 as const };
    const deep = sharp(samples, { raw }).toColourspace('rgb16').png();
    await writeFile(join(place.path, 'deep.png'), await deep.toBuffer());
    expect((await sharp(join(place.path, 'deep.png')).metadata()).depth).toBe('ushort');
    const { code, stderr } = await run('model.onnx', 'deep.png', '--out', 'deep');
    expect([code, stderr]).toEqual([0, '']);
  });

  it('writes an image for each, and says where', async () => {
    const { code, stdout } = await run('model.onnx', 'one.png', join('more', 'one.png'), '--out', 'why');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^one\.png: (cat|dog|ship) [\d.]+% {2}→ {2}why\/one\.png\nmore\/one\.png: .* {2}→ {2}why\/one-2\.png\n$/,
    );
    expect((await readdir(join(place.path, 'why'))).sort()).toEqual(['one-2.png', 'one.png']);
    // Two panels of 256: the image, and the image under its map.
    const { data, info } = await sharp(join(place.path, 'why', 'one.png'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([2 * 256 + 44, 256 + 76]);
    const panel = (left: number) =>
      Array.from({ length: 256 }, (_, row) => {
        const start = ((40 + row) * info.width + left) * info.channels;
        return [...data.subarray(start, start + 256 * info.channels)];
      });
    const [plain, explained] = [panel(16), panel(16 + 256 + 12)];
    expect(explained).not.toEqual(plain);
    const { data: given } = await sharp(join(place.path, 'one.png'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(plain[0].slice(0, 3)).toEqual([...given.subarray(0, 3)]);
  });

  it('gives the JSON that scripts rely on, for the class and the method that are asked for', async () => {
    const { code, stdout } = await run(
      ...['model.onnx', 'one.png', '--out', 'json', '--class', 'ship', '--method', 'saliency', '--json'],
    );
    expect(code).toBe(0);
    const [{ map, ...facts }, ...others] = JSON.parse(stdout);
    expect(others).toEqual([]);
    expect(facts).toEqual({
      file: 'one.png',
      image: join(place.path, 'json', 'one.png'),
      label: 'ship',
      probability: expect.any(Number),
      method: 'saliency',
    });
    expect([map.length, map[0].length, Math.max(...map.flat())]).toEqual([8, 8, 1]);
  });

  it('explains the others when one is no image, and fails in the end', async () => {
    const finished = await run('model.onnx', 'text.png', 'one.png', '--out', 'some', '--layer', 'conv2d');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(/^text\.png: not an image: expected PNG, .* received text/);
    expect(finished.stdout).toMatch(/^one\.png: /);
  });

  it('uses the model that the package carries when none is named', async () => {
    const { code, stderr, stdout } = await run('one.png', '--out', 'shipped');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Note: no model is named, so Harrier's own cifar10 answers/);
    expect(stdout).toMatch(/^one\.png: \w+ /);
    const { width } = await sharp(await readFile(join(place.path, 'shipped', 'one.png'))).metadata();
    expect(width).toBe(556);
  });

  it.each([
    [['--class', 'shp'], 2, '--class: unknown class "shp". Did you mean "ship"? There are: cat, dog, ship.'],
    [
      ['--layer', 'conv2'],
      2,
      'unknown layer "conv2". Did you mean "conv2d"? There are: preprocessing, conv2d,',
    ],
    [['--layer', 'dense'], 2, 'model.onnx: layer "dense" does not have an image as output: expected'],
    [['--method', 'guess'], 2, 'unknown value of --method "guess". There are: grad-cam, saliency.'],
    [['--method', 'saliency', '--layer', 'conv2d'], 2, 'saliency has no layer, only pixels'],
    [['--out', '/proc/harrier'], 1, '/proc/harrier'],
  ])('refuses %j in a sentence', async (options, code, sentence) => {
    const finished = await run('model.onnx', 'one.png', '--out', 'refused', ...options);
    expect([finished.code, finished.stdout]).toEqual([code, '']);
    expect(sentenceOf(finished)).toContain(sentence);
  });

  it('wants a folder and images', async () => {
    expect(sentenceOf(await run('model.onnx', 'one.png'))).toBe(
      "required option '--out <folder>' not specified. See --help.",
    );
    expect(sentenceOf(await run('model.onnx', '--out', 'nothing'))).toContain(
      "missing required argument 'file'",
    );
  });
});
