import { expect, it } from 'vitest';
import { imageFacts } from './companions.ts';

const facts = (processor: object) =>
  imageFacts({
    'preprocessor_config.json': JSON.stringify({ size: { height: 224, width: 224 }, ...processor }),
  });
const NORMAL = { do_normalize: true, image_mean: [0.5, 0.4, 0.3], image_std: [0.5, 0.25, 0.2] };

it('means and deviations are of pixels from 0 to 1', () => {
  expect(facts(NORMAL)).toMatchObject({ mean: [0.5, 0.4, 0.3], std: [0.5, 0.25, 0.2] });
  const raw = facts({ do_rescale: false, do_normalize: true, image_mean: [127.5], image_std: [51] });
  expect([raw.mean, raw.std]).toEqual([[0.5], [0.2]]);
  // From -1 to 1, before the mean is taken off.
  const moved = facts({ rescale_factor: 1 / 127.5, rescale_offset: true, do_normalize: false });
  expect([moved.mean![0], moved.std![0]]).toEqual([expect.closeTo(0.5), expect.closeTo(0.5)]);
});

it("EfficientNet's processor divides by the deviation twice, for models with a top", () => {
  const kind = { image_processor_type: 'EfficientNetImageProcessor' };
  expect(facts({ ...NORMAL, ...kind, include_top: true }).std).toEqual([0.25, 0.0625, expect.closeTo(0.04)]);
  expect(facts({ ...NORMAL, ...kind }).std).toEqual([0.25, 0.0625, expect.closeTo(0.04)]);
  expect(facts({ ...NORMAL, ...kind, include_top: false }).std).toEqual([0.5, 0.25, 0.2]);
});

it("MobileViT's normalizes nothing, and has blue first", () => {
  const kind = { feature_extractor_type: 'MobileViTFeatureExtractor', do_flip_channels: true };
  expect(facts(kind)).toMatchObject({ mean: [0], std: [1], channelOrder: 'bgr' });
});

it('what a file leaves out is not known', () => {
  expect(facts({})).not.toHaveProperty('mean');
  expect(facts({ image_processor_type: 'ViTImageProcessor' })).not.toHaveProperty('mean');
});
