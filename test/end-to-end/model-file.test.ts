import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { harrier, workplace, writeImage, writeImages } from '../cli/harrier.ts';

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
