import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shared } from '../../../test/shared.ts';
import { preprocessingMetadata } from '../../data/preprocessing.ts';
import { Dense, Flatten } from '../../layers/index.ts';
import { CLASS_NAMES_KEY, Classifier, exportModel, initialWeights, Network } from '../../models/index.ts';
import { encodeModel, modelOf } from '../../onnx/index.ts';
import { createGraph } from '../../ops/index.ts';
import { nodeRuntime } from './engine/runtime.ts';
import { decodeImage } from './images/decode.ts';
import { loadClassifier } from './run.ts';
import { shippedModel } from './runs/shipped-model.ts';

const LABELS = ['cat', 'dog', 'ship'];
const network = new Network({
  inputShape: [8, 8, 3],
  layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
});
const model = (metadata: Readonly<Record<string, string>> = {}) =>
  encodeModel(
    exportModel(network, initialWeights(network.parameters, 1), {
      [CLASS_NAMES_KEY]: JSON.stringify(LABELS),
      ...metadata,
    }),
  );
const cropped = preprocessingMetadata({ resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' });

let folder: string;
let photo: string;
const pixels = Uint8Array.from({ length: 40 * 30 * 4 }, (_, i) => (i * 7 + Math.floor(i / 160) * 11) % 256);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-run-'));
  photo = join(folder, 'a photo.png');
  await sharp(pixels, { raw: { width: 40, height: 30, channels: 4 } }).toFile(photo);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  ['stretched', model()],
  ['cropped', model(cropped)],
])('a model whose images are %s', (_, bytes) => {
  it('answers as Classifier does, however the image is given', async () => {
    const reference = await Classifier.load(nodeRuntime(), bytes);
    const expected = await reference.predict(await decodeImage(photo, reference.imageShape));
    const classifier = await loadClassifier(bytes);
    expect(classifier.labels).toEqual(LABELS);
    const file = await readFile(photo);
    const forms = [photo, pathToFileURL(photo), pathToFileURL(photo).href, file, new Blob([file])];
    for (const image of [...forms, `data:image/png;base64,${file.toString('base64')}`]) {
      const answers = await classifier.classify(image);
      expect(answers.map(({ probability }) => probability)).toEqual([...expected].sort((a, b) => b - a));
      for (const { label, probability } of answers) expect(probability).toBe(expected[LABELS.indexOf(label)]);
    }
    await classifier.dispose();
    await reference.dispose();
  });

  it('answers the same for pixels in memory, within the rounding of libvips', async () => {
    const classifier = await loadClassifier(bytes);
    const ofFile = new Map((await classifier.classify(photo)).map((each) => [each.label, each.probability]));
    const colours = pixels.filter((__, i) => i % 4 !== 3);
    const opaque = pixels.map((value, i) => (i % 4 === 3 ? 255 : value));
    const given = await classifier.classify({ data: pixels, width: 40, height: 30 });
    for (const { label, probability } of given) expect(probability).toBeCloseTo(ofFile.get(label)!, 1);
    expect(await classifier.classify({ data: colours, width: 40, height: 30 })).toEqual(
      await classifier.classify({ data: opaque, width: 40, height: 30 }),
    );
  });
});

const ants = shared('data/ants-bees/test');
it.skipIf(!ants.isThere)(`answers as Classifier does on photos${ants.note}`, async () => {
  const file = (await shippedModel())!;
  const reference = await Classifier.load(nodeRuntime(), await readFile(file));
  const classifier = await loadClassifier(file);
  for (const name of await readdir(ants.path)) {
    for (const each of (await readdir(join(ants.path, name))).slice(0, 5)) {
      const image = join(ants.path, name, each);
      const expected = await reference.predict(await decodeImage(image, reference.imageShape));
      const best = expected.indexOf(Math.max(...expected));
      expect(await classifier.classify(image, { top: 1 })).toEqual([
        { label: reference.classNames[best], probability: expected[best] },
      ]);
    }
  }
});

it('refuses what is no image, with a sentence', async () => {
  const classifier = await loadClassifier(model());
  const sentences = async (image: unknown) => classifier.classify(image as string).catch(String);
  expect(await sentences('missing.jpg')).toMatch(/missing\.jpg: there is no such file/);
  expect(await sentences(folder)).toMatch(/this is a folder/);
  expect(await sentences('https://127.0.0.1:9/a.jpg')).toMatch(/a file cannot be loaded: received bad port/);
  expect(await sentences(new Uint8Array(20))).toMatch(/not an image/);
  expect(await sentences({ data: new Uint8Array(5), width: 1, height: 1 })).toMatch(
    /expected width × height × 3 or 4 bytes, received 5 bytes for 1 × 1/,
  );
  expect(await sentences(undefined)).toMatch(/classify: this is not an image: .* received undefined/);
  expect(await sentences({})).toMatch(/received Object/);
  await expect(classifier.classify(photo, { top: 0 })).rejects.toThrow(/at least 1, received 0/);
  await classifier.dispose();
  await expect(classifier.classify(photo)).rejects.toThrow(/disposed of/);
});

it('decodes no image of more pixels than it may', async () => {
  const cropping = model(cropped);
  const classifier = await loadClassifier(cropping);
  // A few kilobytes that would decode to 205 MB.
  const wide = sharp({ create: { width: 8200, height: 8200, channels: 3, background: '#fff' } });
  await expect(classifier.classify(await wide.png().toBuffer())).rejects.toMatchObject({
    code: 'too-large',
    message: expect.stringContaining('expected at most 67 megapixels, received 8200 × 8200'),
  });
  await classifier.dispose();

  const file = await readFile(photo);
  const strict = await loadClassifier(cropping, { maxPixels: 40 * 30 - 1 });
  const exact = await loadClassifier(cropping, { maxPixels: 40 * 30 });
  for (const image of [photo, pathToFileURL(photo), file, new Blob([file])]) {
    await expect(strict.classify(image)).rejects.toMatchObject({ code: 'too-large' });
    expect(await exact.classify(image)).toHaveLength(3);
  }
  await Promise.all([strict.dispose(), exact.dispose()]);
  await expect(loadClassifier(cropping, { maxPixels: Number.NaN })).rejects.toThrow(
    'loadClassifier: maxPixels: expected a whole number of at least 1',
  );
});

it('refuses models that are none of Harrier, with a sentence', async () => {
  const graph = createGraph('other');
  graph.output(graph.op('Relu', [graph.input('x', 'float32', ['N', 3, 8, 8])]), 'y');
  await expect(loadClassifier(encodeModel(modelOf(graph.build())))).rejects.toThrow(
    'model: this model does not keep to the contract: expected image: uint8(N, height, width, 3) to probabilities: float32(N, classes), received x: float32(N, 3, 8, 8) to y: float32(N, 3, 8, 8).',
  );
  await expect(loadClassifier(join(folder, 'none.onnx'))).rejects.toThrow(/there is no such file/);
  await expect(loadClassifier(new TextEncoder().encode('<!doctype html>'))).rejects.toThrow(
    /this is not an ONNX model: received text beginning "<!doctype html>"/,
  );
  const whole = model();
  for (const bytes of [whole.subarray(0, 300), whole.subarray(0, whole.length - 3)]) {
    await expect(loadClassifier(bytes)).rejects.toThrow(/not an ONNX model|cut off or damaged/);
  }
  await expect(loadClassifier(model({ [CLASS_NAMES_KEY]: '["cat"]' }))).rejects.toThrow(
    /its class names do not fit its outputs/,
  );
});
