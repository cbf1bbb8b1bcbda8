/** Planted label noise is found: on features of real images, and on features that the test makes. */
import { existsSync } from 'node:fs';
import { describe, expect, it, type TestContext } from 'vitest';
import { Backbone, imageFeatures } from '../../src/backbones/index.ts';
import { random } from '../../src/data/random.ts';
import { firstImages } from '../../src/data/subset.ts';
import { crossValidated, labelIssues } from '../../src/inspection/cross-validation.ts';
import { cifar10 } from '../../src/platform/node/datasets/cifar10.ts';
import { CIFAR10_FILES, cifar10Directory } from '../../src/platform/node/datasets/cifar10-files.ts';
import { openDataset } from '../../src/platform/node/datasets/open-dataset.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { nativeSha256 } from '../../src/platform/node/files/sha256.ts';
import { startingModel } from '../../src/platform/node/runs/starting-model.ts';
import { shared } from '../shared.ts';
import { clusters, precisionAndRecall, withNoise } from './planted.ts';

const runtime = nodeRuntime();
const cifar = Object.keys(CIFAR10_FILES).every((name) => existsSync(`${cifar10Directory()}/${name}`));
const photos = shared('data/ants-bees');
const network = shared('models/efficientnet-lite0.onnx');

interface Labelled {
  readonly features: Float32Array;
  readonly labels: Uint16Array;
  readonly classNames: readonly string[];
  readonly size: number;
}

/** Plants noise, looks for it, and says how well that went. */
async function search(
  { features, labels: clean, classNames, size }: Labelled,
  fraction: number,
  annotate: TestContext['annotate'],
) {
  const { labels, wrong } = withNoise(clean, classNames.length, fraction);
  const data = { name: 'planted', views: [features], size, labels, classNames };
  const quiet = () => {};
  const validated = (await crossValidated(runtime, data, 1, quiet))!;
  const { issues, noise } = await labelIssues(runtime, data, validated, 1, quiet);
  const found = precisionAndRecall(
    issues.map(({ image }) => image),
    wrong,
  );
  const figures = `precision ${found.precision.toFixed(3)}, recall ${found.recall.toFixed(3)}, noise ${noise.toFixed(3)}`;
  await annotate(`${fraction * 100}% of ${labels.length} labels wrong: ${figures}`);
  return { ...found, noise };
}

describe('labels that are probably wrong', () => {
  for (const fraction of [0.05, 0.1, 0.2]) {
    it(`are found among features of four classes, ${fraction * 100}% wrong`, async ({ annotate }) => {
      const { precision, recall, noise } = await search(clusters({ apart: 6 }), fraction, annotate);
      expect(precision).toBeGreaterThanOrEqual(0.9);
      expect(recall).toBeGreaterThanOrEqual(0.9);
      expect(Math.abs(noise - fraction)).toBeLessThan(0.04);
    });
  }

  it('are found in a group of which a first look finds some only', async () => {
    // The images of a group show the first class in their first number, have the label of the second, and are alike in
    // their last number, by which a head that was fitted on some of them knows the others.
    const [others, group, size] = [200, 20, 4];
    const stream = random(1, 'grouped');
    const labels = Uint16Array.from({ length: others + group }, (_, i) => (i < others ? i % 2 : 1));
    const isIn = (image: number) => image >= others;
    const features = Float32Array.from({ length: labels.length * size }, (_, i) => {
      const [image, place] = [Math.floor(i / size), i % size];
      const own = isIn(image) ? 0 : labels[image];
      return stream.normal() + (place === 0 ? 6 * own : place === size - 1 && isIn(image) ? 8 : 0);
    });
    const copies = Uint32Array.from(labels, (_, image) => Math.min(image, others));
    const data = { name: 'grouped', views: [features], size, labels, classNames: ['a', 'b'], copies };
    // What a first look said: of half of the group that it is of the first class.
    const first = (image: number) =>
      image >= others + group / 2 ? 0.99 : isIn(image) ? 0.2 : 0.95 - 0.9 * labels[image];
    const probabilities = Float32Array.from({ length: 2 * labels.length }, (_, i) => {
      const p = first(i >> 1);
      return i % 2 === 0 ? p : 1 - p;
    });
    const validated = { folds: 5, c: 1, probabilities };
    const { issues } = await labelIssues(runtime, data, validated, 1, () => {});
    const found = issues.filter(({ image }) => isIn(image)).length;
    expect(found / group).toBeGreaterThanOrEqual(0.8);
  });

  it.skipIf(!cifar)(
    `are found in CIFAR-10 by the features of the model in the package${cifar ? '' : ' (skipped: CIFAR-10 is not in the cache)'}`,
    async ({ annotate }) => {
      const { test } = await cifar10({});
      const dataset = firstImages(test, 2000);
      const backbone = await Backbone.load(runtime, await startingModel(undefined));
      const features = await imageFeatures(backbone, dataset, { sha256: nativeSha256 });
      await backbone.dispose();
      const labelled = { ...dataset, features, labels: dataset.labels, size: backbone.size };
      const { precision, recall } = await search(labelled, 0.1, annotate);
      expect(precision).toBeGreaterThanOrEqual(0.8);
      expect(recall).toBeGreaterThanOrEqual(0.8);
      // At 5% as many of its own mistakes stand beside half as many wrong labels.
      const few = await search(labelled, 0.05, annotate);
      expect(few.precision).toBeGreaterThanOrEqual(0.6);
      expect(few.recall).toBeGreaterThanOrEqual(0.7);
      const many = await search(labelled, 0.2, annotate);
      expect(many.precision).toBeGreaterThanOrEqual(0.8);
      expect(many.recall).toBeGreaterThanOrEqual(0.75);
    },
    600_000,
  );

  const hasPhotos = photos.isThere && network.isThere;
  it.skipIf(!hasPhotos)(
    `are found among photos of ants and bees${photos.note || network.note}`,
    async ({ annotate }) => {
      const model = await startingModel(network.path);
      const { train, test } = await openDataset(photos.path, {
        defaultImageSize: model.network.inputShape[1],
        preprocessing: model.preprocessing,
        marks: false,
      });
      const backbone = await Backbone.load(runtime, model);
      const parts = [train, test];
      const features = new Float32Array((train.size + test.size) * backbone.size);
      features.set(await imageFeatures(backbone, train, { sha256: nativeSha256 }));
      features.set(await imageFeatures(backbone, test, { sha256: nativeSha256 }), train.size * backbone.size);
      await backbone.dispose();
      const labels = Uint16Array.from(parts.flatMap((part) => [...part.labels]));
      const labelled = { features, labels, classNames: train.classNames, size: backbone.size };
      for (const [fraction, least] of [
        [0.05, 0.7],
        [0.1, 0.8],
        [0.2, 0.8],
      ]) {
        const { precision, recall } = await search(labelled, fraction, annotate);
        expect(precision).toBeGreaterThanOrEqual(least);
        expect(recall).toBeGreaterThanOrEqual(0.8);
      }
    },
    600_000,
  );
});
