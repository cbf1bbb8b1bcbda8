import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liteWeights, REFERENCE } from '../../../../test/real-weights.ts';
import { Conv2D, Dense, GlobalAveragePooling2D } from '../../../layers/index.ts';
import { exportModel, initialWeights, Network } from '../../../models/index.ts';
import { encodeModel } from '../../../onnx/index.ts';
import { loadBackbone } from './load-backbone.ts';

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
