import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { harrier, succeeded, workplace, writeImage, writeImages } from '../cli/harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { side: 12 });
  await writeImage(join(place.path, 'one.png'), 12, 2, 500);
  await run('train', '--data', 'images', '--epochs', '4', '--batch-size', '8', '--out', 'run');
});
afterAll(() => place.remove());

it('model.onnx in a bare ONNX Runtime, fed pixels, says what predict says', async () => {
  const { stdout } = await run('predict', 'run', 'one.png', '--json');
  const [{ predictions }] = JSON.parse(stdout);

  const pixels = await sharp(join(place.path, 'one.png')).raw().toBuffer();
  const session = await ort.InferenceSession.create(join(place.path, 'run', 'model.onnx'));
  expect(session.inputNames).toEqual(['image']);
  expect(session.outputNames).toEqual(['probabilities']);
  const image = new ort.Tensor('uint8', new Uint8Array(pixels), [1, 12, 12, 3]);
  const { probabilities } = await session.run({ image });
  expect(probabilities.dims).toEqual([1, 3]);

  const classes = ['cat', 'dog', 'ship'];
  const own = classes
    .map((label, i) => ({ label, probability: Number(probabilities.data[i]) }))
    .sort((a, b) => b.probability - a.probability);
  expect(predictions).toEqual(own);
});

it('takes any number of images at once', async () => {
  const session = await ort.InferenceSession.create(join(place.path, 'run', 'model.onnx'));
  const image = new ort.Tensor('uint8', new Uint8Array(5 * 12 * 12 * 3).fill(100), [5, 12, 12, 3]);
  const { probabilities } = await session.run({ image });
  expect(probabilities.dims).toEqual([5, 3]);
});

it('of a folder with a training part alone is evaluated on what training set aside, wherever the file lies', async () => {
  await cp(join(place.path, 'images'), join(place.path, 'parts', 'train'), { recursive: true });
  succeeded(await run('train', '--data', 'parts', '--epochs', '1', '--batch-size', '8', '--out', 'parted'));
  await cp(join(place.path, 'parted', 'model.onnx'), join(place.path, 'copy.onnx'));
  const own = JSON.parse((await run('evaluate', 'parted', '--json')).stdout);
  const copied = await run('evaluate', 'copy.onnx', '--data', 'parts', '--json');
  expect(JSON.parse(copied.stdout)).toMatchObject({ total: own.total, correct: own.correct });
  const { train, test } = JSON.parse(await readFile(join(place.path, 'parted', 'run.json'), 'utf8')).data;
  expect(own.total).toBe(test.images);
  expect(train.images).toBeGreaterThan(test.images);
});

it('is evaluated on the files of a list that are there', async () => {
  const lines = ['file,label', 'images/cat/0.png,cat', 'images/dog/1.png,dog', 'images/ship/gone.png,ship'];
  await writeFile(join(place.path, 'list.csv'), lines.join('\n'));
  const finished = await run('evaluate', 'run/model.onnx', '--data', 'list.csv', '--skip-bad', '--json');
  expect(JSON.parse(finished.stdout).total).toBe(2);
});
