/** Planted label noise is found: on features of real images, and on features that the test makes. */
import { existsSync } from 'node:fs';
import { describe, expect, it, type TestContext } from 'vitest';
import { Backbone, imageFeatures } from '../../src/backbones/index.ts';
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
