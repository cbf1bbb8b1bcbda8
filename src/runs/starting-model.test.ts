import { expect, it } from 'vitest';
import { Backbone } from '../backbones/index.ts';
import { Conv2D, Dense, GlobalAveragePooling2D } from '../layers/index.ts';
import { exportModel, initialWeights, Network } from '../models/index.ts';
import { encodeModel } from '../onnx/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { nativeSha256 } from '../platform/node/files/sha256.ts';
import { sizeSentence, startingModelOf } from './starting-model.ts';

const network = new Network({
  inputShape: [12, 12, 3],
  layers: [
    new Conv2D({ filters: 6, kernelSize: 3, strides: 2, activation: 'relu' }),
    new GlobalAveragePooling2D(),
    new Dense({ units: 2 }),
  ],
});
const bytes = encodeModel(
  exportModel(network, initialWeights(network.parameters, 1), {
    'harrier.preprocessing': JSON.stringify({
      resize: 'crop',
      cropFraction: 0.875,
      interpolation: 'bicubic',
    }),
  }),
);
const opened = (imageSize?: number) =>
  startingModelOf(bytes, { name: 'mine' }, 'mine.onnx', nativeSha256, imageSize ? { imageSize } : {});

it('takes images of another size, prepared as before, and says what that costs', () => {
  const larger = opened(18);
  expect(larger).toMatchObject({ imageSize: 18, ownSize: [12, 12], network: { inputShape: [18, 18, 3] } });
  expect(larger.preprocessing).toEqual({ resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' });
  expect(larger.hash).toBe(opened().hash);
  expect(sizeSentence(larger)).toBe(
    'mine is given images of 18 × 18 instead of 12 × 12: about 2.3 times the work for each.',
  );
  expect(sizeSentence(opened(6))).toMatch(/of 6 × 6 instead of 12 × 12: about 25% of the work for each\.$/);
});

it('says nothing of the size where it is its own', () => {
  for (const model of [opened(), opened(12)]) {
    expect(model).not.toHaveProperty('imageSize');
    expect(sizeSentence(model)).toBeUndefined();
  }
});

it('keeps the features of each size apart', async () => {
  const keys = new Set<string>();
  for (const size of [undefined, 12, 18]) {
    const backbone = await Backbone.load(nodeRuntime({ threads: 1 }), opened(size));
    keys.add(backbone.key(nativeSha256));
    expect(backbone.imageShape).toMatchObject({ height: size ?? 12, width: size ?? 12 });
    await backbone.dispose();
  }
  expect(keys.size).toBe(2);
});
