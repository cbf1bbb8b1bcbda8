import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { classifier } from '../../../../test/foreign/graphs.ts';
import { HubServer } from '../../../../test/hub-server.ts';
import { liteWeights, REFERENCE } from '../../../../test/real-weights.ts';
import { Conv2D, Dense, GlobalAveragePooling2D } from '../../../layers/index.ts';
import { exportModel, initialWeights, Network } from '../../../models/index.ts';
import { encodeModel, float32, modelOf } from '../../../onnx/index.ts';
import { createGraph } from '../../../ops/index.ts';
import { type LoadBackboneOptions, loadBackbone } from './load-backbone.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-backbone-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('loadBackbone', () => {
  it('gives what the head of a finished model takes in, for any number of images', async () => {
    const network = new Network({
      inputShape: [6, 5, 3],
      layers: [
        new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu' }),
        new GlobalAveragePooling2D(),
        new Dense({ units: 2, name: 'scores' }),
      ],
    });
    const weights = initialWeights(network.parameters, 3);
    const file = join(folder, 'model.onnx');
    await writeFile(file, encodeModel(exportModel(network, weights)));
    const backbone = await loadBackbone(file);
    expect([backbone.size, backbone.imageShape]).toEqual([4, { height: 6, width: 5, channels: 3 }]);
    const pixels = Uint8Array.from({ length: 20 * 90 }, (_, i) => (i * 31) % 256);
    const progress: number[] = [];
    const features = await backbone.features(pixels, (done) => progress.push(done));
    expect(progress).toEqual([16, 20]);
    const last = await backbone.features(pixels.subarray(19 * 90));
    expect([...last]).toEqual([...features.subarray(19 * 4)]);
    // By hand: the mean of each filter's positive outputs.
    const kernel = weights.get('conv2d/kernel')!;
    const bias = weights.get('conv2d/bias')!;
    for (let filter = 0; filter < 4; filter++) {
      let sum = 0;
      for (let y = 0; y < 4; y++)
        for (let x = 0; x < 3; x++) {
          let value = bias[filter];
          for (let i = 0; i < 27; i++) {
            const [row, column, channel] = [Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3];
            value += (kernel[i * 4 + filter] * pixels[((y + row) * 5 + x + column) * 3 + channel]) / 255;
          }
          sum += Math.max(0, value);
        }
      expect(features[filter]).toBeCloseTo(sum / 12, 5);
    }
    await expect(backbone.features(new Uint8Array(91))).rejects.toThrow(
      /a multiple of 90 bytes.*received 91/,
    );
    await backbone.dispose();
  });
});

it('reads a model of another program from the hub with the configuration of its repository', async () => {
  const graph = createGraph('other');
  const x = graph.input('pixel_values', 'float32', ['N', 3, 4, 4]);
  const pooled = graph.op('Flatten', [graph.op('GlobalAveragePool', [x])]);
  const kernel = graph.initializer('kernel', float32([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)));
  graph.output(graph.op('MatMul', [pooled, kernel]), 'logits');
  const config = {
    do_resize: true,
    size: { shortest_edge: 8 },
    do_center_crop: true,
    crop_size: { height: 4, width: 4 },
    resample: 3,
    image_mean: [0.5, 0.25, 0],
    image_std: [0.5, 0.5, 1],
  };
  const hub = await new HubServer().listen();
  hub.repositories.set('someone/other', {
    commit: '0123456789abcdef0123456789abcdef01234567',
    license: 'agpl-3.0',
    files: {
      'onnx/model.onnx': { content: encodeModel(modelOf(graph.build())), large: true },
      'preprocessor_config.json': { content: new TextEncoder().encode(JSON.stringify(config)) },
    },
  });
  vi.stubEnv('HARRIER_CACHE', join(folder, 'cache'));
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  vi.stubEnv('HF_HUB_OFFLINE', '');
  const notes: string[] = [];
  const backbone = await loadBackbone('hf:someone/other', { onNote: (sentence) => notes.push(sentence) });
  hub.close();
  vi.unstubAllEnvs();
  expect(backbone.imageShape).toEqual({
    height: 4,
    width: 4,
    channels: 3,
    preprocessing: { resize: 'crop', cropFraction: 0.5, interpolation: 'bicubic' },
  });
  expect(notes).toEqual([
    'hf:someone/other is under agpl-3.0, which asks for the source of what is made with it.',
  ]);
  // 51 is a fifth of 255: (0.2 − mean) / deviation.
  const features = await backbone.features(new Uint8Array(48).fill(51));
  await backbone.dispose();
  [-0.6, -0.1, 0.2].forEach((expected, i) => {
    expect(features[i]).toBeCloseTo(expected, 5);
  });
});

it('tells what it assumes of a model of another program, and what another size costs', async () => {
  const pixels = Uint8Array.from({ length: 24 * 20 * 3 }, (_, i) => (i * 31) % 256);
  const file = join(await mkdtemp(join(folder, 'other-')), 'net.onnx');
  await writeFile(file, encodeModel(classifier('Gemm, transposed', { size: ['height', 'width'] })));
  const loaded = async (options: LoadBackboneOptions) => {
    const notes: string[] = [];
    const backbone = await loadBackbone(file, { ...options, onNote: (sentence) => notes.push(sentence) });
    const features = await backbone.features(pixels);
    await backbone.dispose();
    return { notes, features };
  };
  const preprocessing = { resize: 'stretch' } as const;
  const alone = await loaded({ reading: { imageSize: [24, 20], preprocessing } });
  expect(alone.notes).toEqual([
    `${file} does not say how its pixels are scaled: ImageNet's mean and deviation are assumed (--mean, --std).`,
  ]);
  const read = await loaded({ reading: { imageSize: [24, 20], preprocessing, mean: [0.5], std: [0.1] } });
  expect(read.notes).toEqual([]);
  expect(read.features).not.toEqual(alone.features);

  const network = new Network({
    inputShape: [12, 12, 3],
    layers: [
      new Conv2D({ filters: 4, kernelSize: 3 }),
      new GlobalAveragePooling2D(),
      new Dense({ units: 2 }),
    ],
  });
  await writeFile(file, encodeModel(exportModel(network, initialWeights(network.parameters, 1))));
  const notes: string[] = [];
  const onNote = (sentence: string) => notes.push(sentence);
  const larger = await loadBackbone(file, { imageSize: 18, onNote });
  await larger.dispose();
  expect(notes).toEqual([
    expect.stringMatching(
      / is given images of 18 × 18 instead of 12 × 12: about 2\.3 times the work for each\.$/,
    ),
  ]);
  await expect(loadBackbone(file, { reading: { mean: [0.5] } })).rejects.toThrow(
    'a model of Harrier states its own preprocessing and class names: mean cannot be given',
  );
});

const { pth, skipped } = await liteWeights();
const why = existsSync(REFERENCE) ? skipped : `${REFERENCE} is not there`;

it.skipIf(why !== undefined)(
  `the same network has the same features from PyTorch's weights and from its ONNX export${why ? ` (${why})` : ''}`,
  async () => {
    const file = join(folder, 'lite0.pth');
    await writeFile(file, pth!);
    const copy = join(folder, 'lite0.onnx');
    await writeFile(copy, await readFile(REFERENCE));
    const config = {
      input_size: [3, 224, 224],
      mean: [127 / 255, 127 / 255, 127 / 255],
      std: [128 / 255, 128 / 255, 128 / 255],
    };
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    const pixels = Uint8Array.from(
      { length: 150_528 },
      (_, i) => 127 + 120 * Math.sin(i * 0.0013) * Math.cos(i / 31),
    );
    const features = [];
    for (const each of [file, copy]) {
      const backbone = await loadBackbone(each);
      expect(backbone.size).toBe(1280);
      expect(backbone.imageShape.preprocessing).toEqual({
        resize: 'crop',
        cropFraction: 0.875,
        interpolation: 'bicubic',
      });
      features.push(await backbone.features(pixels));
      await backbone.dispose();
    }
    const [ours, theirs] = features;
    const difference = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0);
    expect(Math.max(...ours)).toBeGreaterThan(1);
    expect(difference).toBeLessThan(1e-4);
  },
);
