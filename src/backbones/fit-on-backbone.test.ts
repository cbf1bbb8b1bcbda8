import { Classifier, type Progress } from 'harrier';
import { expect, it, vi } from 'vitest';
import { HEIGHT, imageModel, NETWORKS, WIDTH } from '../../test/foreign/graphs.ts';
import { memoryDataset } from '../data/memory.ts';
import { STRETCHED } from '../data/preprocessing.ts';
import { random } from '../data/random.ts';
import { subset } from '../data/subset.ts';
import { type Origin, originIn, readForeignModel } from '../models/index.ts';
import { decodeModel } from '../onnx/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { licencesText } from '../publishing/licences.ts';
import { publishedModel } from '../publishing/published-model.ts';
import { Model } from '../training/index.ts';
import { Backbone } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });
const CLASSES = ['dark', 'light'];
const BYTES = HEIGHT * WIDTH * 3;

/** Noise around grey 60 for the one class, around 180 for the other. */
function images(count: number, name: string, size = BYTES) {
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const draw = random(1, 'test/fit-on-backbone', count);
  const pixels = Uint8Array.from(
    { length: count * size },
    (_, i) => 60 + 120 * labels[Math.floor(i / size)] + draw.integer(40),
  );
  return memoryDataset({
    name,
    classNames: CLASSES,
    imageShape: { height: HEIGHT, width: WIDTH, channels: 3 },
    labels,
    pixels,
  });
}

const load = (source?: Origin['source']) =>
  Backbone.load(runtime, {
    ...readForeignModel(imageModel(NETWORKS.mobileNet)),
    name: 'small',
    hash: 'none',
    preprocessing: STRETCHED,
    source,
  });

it.each(['linear', 'mlp', 'centroid'] as const)('a classifier learns with the head "%s"', async (head) => {
  const backbone = await load();
  const classifier = new Classifier({ backbone, head });
  const [train, test] = [images(60, 'train'), images(20, 'test')];
  const fit = await classifier.fit(train, { seed: 2 });
  expect(fit.accuracy).toBeGreaterThan(0.9);
  if (head === 'linear') expect(fit.heldOutAccuracy).toBeGreaterThan(0.9);
  const probabilities = await classifier.predictImages(test);
  const right = [...test.labels].filter((label, i) => probabilities[2 * i + label] > 0.5);
  expect(right.length).toBeGreaterThan(18);

  const loaded = await Classifier.load(runtime, classifier.toOnnx(), 'kept');
  expect(loaded.classNames).toEqual(CLASSES);
  expect([...(await loaded.predictImages(test))]).toEqual([...probabilities]);
  await expect(loaded.fit(train)).rejects.toThrow('kept: this classifier was loaded finished');
  expect(() => loaded.toOnnx()).toThrow('this classifier was loaded from a file');

  // Fitted once more, it learns anew.
  await classifier.fit(images(40, 'others'));
  expect(await classifier.predictImages(test)).not.toEqual(probabilities);
  await Promise.all([classifier.dispose(), loaded.dispose(), backbone.dispose()]);
});

it('tells how far it is, ends when its signal says so, and computes no features twice', async () => {
  const backbone = await load();
  const train = images(40, 'train');
  const kept = new Map<string, Float32Array>();
  const store = {
    read: async () => kept,
    write: async (rows: ReadonlyMap<string, Float32Array>) => {
      for (const [key, row] of rows) kept.set(key, row);
    },
  };
  const classifier = new Classifier({ backbone });
  const abort = new AbortController();
  const onProgress = () => abort.abort(new Error('enough'));
  const stopped = classifier.fit(train, { store, onProgress, signal: abort.signal });
  await expect(stopped).rejects.toThrow(/^enough$/);
  expect(() => classifier.classNames).toThrow('not fitted yet');
  const before = kept.size;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(40);

  const told: Progress[] = [];
  await classifier.fit(train, { store, onProgress: (progress) => told.push(progress) });
  expect([...new Set(told.map(({ what, unit }) => `${what} (${unit})`))]).toEqual([
    'computing features (images)',
    'computing features of mirrored images (images)',
    'fitting the head (steps)',
  ]);
  expect(told.find(({ unit }) => unit === 'images')).toMatchObject({ done: 40, total: 40 });
  expect(kept.size).toBe(80);
  const answers = await classifier.predictImages(train);

  const features = vi.spyOn(backbone, 'features');
  await new Classifier({ backbone, head: 'mlp' }).fit(train, { store });
  await classifier.fit(train, { store });
  expect(features).not.toHaveBeenCalled();
  expect(await classifier.predictImages(train)).toEqual(answers);
  // While the head is fitted, it ends too, and what was fitted before stays.
  const late = new AbortController();
  const whileFitting = ({ unit }: Progress) => unit === 'steps' && late.abort(new Error('too long'));
  const again = classifier.fit(images(30, 'others'), { onProgress: whileFitting, signal: late.signal });
  await expect(again).rejects.toThrow(/^too long$/);
  expect(await classifier.predictImages(train)).toEqual(answers);
  await Promise.all([classifier.dispose(), backbone.dispose()]);
});

it('names the network that it was made of in its file, however that is trained on', async () => {
  const source = { address: 'hf:someone/small', commit: 'c0', license: 'cc-by-nc-4.0' };
  const backbone = await load(source);
  const classifier = new Classifier({ backbone, head: 'centroid' });
  await classifier.fit(images(20, 'train'));
  const origin = { name: 'small', hash: 'none', source };
  expect(originIn(classifier.metadata)).toEqual(origin);

  const model = Model.fromOnnx(classifier.toOnnx(), { runtime });
  expect(originIn(decodeModel(model.toOnnx()).metadata)).toEqual(origin);
  model.compile({ optimizer: 'sgd', runtime });
  await model.fit(images(6, 'more'));
  const trained = decodeModel(model.toOnnx());
  expect(originIn(trained.metadata)).toEqual(origin);
  expect(licencesText(publishedModel(trained, undefined, 'photos.onnx'))).toContain(
    'The model was fine-tuned from `small`, which comes from `hf:someone/small` at commit `c0`.',
  );
  await Promise.all([classifier.dispose(), model.dispose(), backbone.dispose()]);
});

it('says in one sentence what is missing', async () => {
  const backbone = await load();
  expect(() => new Classifier({ backbone, head: 'square' as 'linear' })).toThrow('square');
  expect(() => new Classifier('efficientnet-lite0' as never)).toThrow(
    'a Classifier needs a backbone to learn on: expected { backbone, head }, received "efficientnet-lite0"',
  );
  const classifier = new Classifier({ backbone });
  expect(classifier.imageShape).toMatchObject({ height: HEIGHT, width: WIDTH });
  await expect(classifier.predict(new Uint8Array(BYTES))).rejects.toThrow(
    'Classifier: this classifier is not fitted yet. First: await classifier.fit(train).',
  );
  const one = memoryDataset({
    name: 'one class',
    classNames: ['a'],
    imageShape: { height: HEIGHT, width: WIDTH, channels: 3 },
    labels: [0, 0],
    pixels: new Uint8Array(2 * BYTES),
  });
  await expect(classifier.fit(one)).rejects.toThrow(
    'one class: a Classifier learns from images of at least two classes: received 2 images of one class',
  );
  // The other class is there, but has no images.
  await expect(classifier.fit(subset(images(4, 'dark alone'), [0, 2]))).rejects.toThrow(
    'received 2 images of one class',
  );
  const other = memoryDataset({
    name: 'large',
    classNames: CLASSES,
    imageShape: { height: 2 * HEIGHT, width: WIDTH, channels: 3 },
    labels: [0, 1],
    pixels: new Uint8Array(4 * BYTES),
  });
  await expect(classifier.fit(other)).rejects.toThrow(
    'its images have another size than the model was made for',
  );
  await backbone.dispose();
});
