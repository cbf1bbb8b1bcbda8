/** Runs whose images are cropped or padded, from training to answers. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../src/data/random.ts';
import { Classifier } from '../../src/models/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { harrier, sentenceOf, workplace } from './harrier.ts';

const CLASSES = ['dark', 'light'];

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...names: string[]) => join(place.path, ...names);
const json = async (...names: string[]) => JSON.parse(await readFile(path(...names), 'utf8'));

/** Three times as wide as high: the middle says which class it is, the sides say the other. */
async function writeWide(file: string, label: number, number: number): Promise<void> {
  const stream = random(label, 'test/wide', number);
  const pixels = Uint8Array.from({ length: 48 * 16 * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % 48;
    const isMiddle = x >= 16 && x < 32;
    return (isMiddle ? [20, 200][label] : [200, 20][label]) + stream.integer(40);
  });
  await sharp(pixels, { raw: { width: 48, height: 16, channels: 3 } }).toFile(file);
}

beforeAll(async () => {
  place = await workplace();
  for (const [label, name] of CLASSES.entries()) {
    await mkdir(path('wide', name), { recursive: true });
    for (let i = 0; i < 16; i++) await writeWide(path('wide', name, `${i}.png`), label, i);
  }
  await writeWide(path('dark.png'), 0, 100);
  const { code, stderr } = await run(
    ...['train', '--data', 'wide', '--resize', 'crop', '--image-size', '16'],
    ...['--epochs', '2', '--batch-size', '8', '--learning-rate', '0.05', '--out', 'cropped'],
  );
  expect([code, stderr]).toEqual([0, expect.any(String)]);
});
afterAll(() => place.remove());

const load = async (name: string) =>
  Classifier.load(nodeRuntime(), await readFile(path(name, 'model.onnx')), name);

describe('train --resize crop', () => {
  it('records it, exports it, and tells it', async () => {
    const preprocessing = { resize: 'crop', cropFraction: 1, interpolation: 'lanczos3' };
    const { options, data } = await json('cropped', 'run.json');
    expect(options.preprocessing).toEqual(preprocessing);
    expect(data.imageShape).toEqual({ height: 16, width: 16, channels: 3 });
    const model = await load('cropped');
    expect(model.imageShape).toEqual({ height: 16, width: 16, channels: 3, preprocessing });
    await model.dispose();
    const card = await readFile(path('cropped', 'README.md'), 'utf8');
    expect(card).toContain(".resize(16, 16, { fit: 'cover' })");
    expect(card).toContain('middle cropped, lanczos3');
    expect(await readFile(path('cropped', 'report.html'), 'utf8')).toContain('middle cropped, lanczos3');
  });

  it('and predict, evaluate and explain crop too', async () => {
    const model = await load('cropped');
    const pixels = await decodeImage(path('dark.png'), model.imageShape);
    // Nothing of the light sides is left.
    expect(Math.max(...pixels)).toBeLessThan(80);
    const expected = await model.predict(pixels);
    await model.dispose();
    const predicted = JSON.parse((await run('predict', 'cropped', 'dark.png', '--json')).stdout);
    const probabilities = Object.fromEntries(
      predicted[0].predictions.map(({ label, probability }: { label: string; probability: number }) => [
        label,
        probability,
      ]),
    );
    expect(probabilities).toEqual({
      dark: expect.closeTo(expected[0], 5),
      light: expect.closeTo(expected[1], 5),
    });

    const { result } = await json('cropped', 'run.json');
    const evaluated = await run('evaluate', 'cropped', '--json');
    expect(JSON.parse(evaluated.stdout).accuracy).toBe(result.testAccuracy);
    expect(evaluated.stderr).not.toContain('has changed');

    expect((await run('explain', 'cropped', 'dark.png', '--out', 'why')).code).toBe(0);
    const { data, info } = await sharp(path('why', 'dark.png')).raw().toBuffer({ resolveWithObject: true });
    // The image is 288 wide, twice: the left third of the second is darkened, as the model does not see it.
    const at = (x: number) => data[((40 + 48) * info.width + x) * info.channels];
    expect(at(16 + 288 + 12 + 20) / at(16 + 20)).toBeCloseTo(0.6, 1);
  });

  it('is kept by a run that is resumed, and cannot change', async () => {
    const finished = await run('train', '--resume', 'cropped', '--epochs', '3', '--resize', 'pad');
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(
      /a resumed run keeps its own options: --resize cannot change: expected crop, received pad/,
    );
    expect((await run('train', '--resume', 'cropped', '--epochs', '3', '--resize', 'crop')).code).toBe(0);
  });

  it('is inherited by fine-tuning, which may override it', async () => {
    const tuning = ['train', '--from', 'cropped', '--data', 'wide', '--epochs', '1'];
    expect((await run(...tuning, '--out', 'tuned')).code).toBe(0);
    expect((await run(...tuning, '--resize', 'pad', '--out', 'padded')).code).toBe(0);
    expect((await run(...tuning, '--resize', 'stretch', '--out', 'whole')).code).toBe(0);
    const [tuned, padded, whole] = await Promise.all(['tuned', 'padded', 'whole'].map(load));
    expect(tuned.imageShape.preprocessing?.resize).toBe('crop');
    expect(padded.imageShape.preprocessing?.resize).toBe('pad');
    expect(whole.imageShape.preprocessing).toBeUndefined();
    const [first] = await decodeImage(path('dark.png'), padded.imageShape);
    expect(first).toBe(0);
    for (const model of [tuned, padded, whole]) await model.dispose();
  });

  it('is what data shows', async () => {
    const { stdout } = await run('data', 'wide', '--image-size', '16', '--resize', 'pad', '--json');
    const { imageShape, mean } = JSON.parse(stdout);
    expect(imageShape.preprocessing).toEqual({ resize: 'pad', cropFraction: 1, interpolation: 'lanczos3' });
    const { mean: cropped } = JSON.parse(
      (await run('data', 'wide', '--image-size', '16', '--resize', 'crop', '--json')).stdout,
    );
    // Two thirds are black.
    expect(mean[0]).toBeLessThan(0.6 * cropped[0]);
  });

  it('refuses other words', async () => {
    const finished = await run('train', '--data', 'wide', '--resize', 'squash');
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toBe('unknown value of --resize "squash". There are: crop, stretch, pad.');
  });
});
