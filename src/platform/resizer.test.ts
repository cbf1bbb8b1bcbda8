import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { placementOf } from '../data/placement.ts';
import {
  type Interpolation,
  type Preprocessing,
  preprocessingMetadata,
  preprocessingOf,
} from '../data/preprocessing.ts';
import type { ImageSize } from '../data/scaling.ts';
import { resizer } from './resizer.ts';

/** A pattern with edges, which a program in another language draws as easily. */
function pattern(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) pixels[at++] = x * x * 7 + y * y * 13 + x * y * 3 + c * 85;
    }
  }
  return pixels;
}

function withFourth(rgb: Uint8Array): Uint8Array {
  const count = rgb.length / 3;
  const out = new Uint8Array(count * 4).fill(255);
  for (let i = 0; i < count; i++) out.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
  return out;
}

function resized(
  pixels: Uint8Array,
  from: ImageSize,
  to: ImageSize,
  preprocessing: Preprocessing,
): Uint8Array {
  const resizing = resizer(from, { ...to, channels: 3, preprocessing }, 3);
  resizing.add(pixels);
  return resizing.finish();
}

// SHA-256, first half, of what Pillow 10.4 gives for the same pattern: Image.resize to the size that torchvision's
// Resize computes, then CenterCrop; `pad` pasted into the middle of a black image.
const PILLOW: [Preprocessing['resize'], number, number, number, number, Interpolation, string][] = [
  ['crop', 50, 37, 24, 0.875, 'bicubic', '5b02bd0995262895'],
  ['crop', 37, 50, 24, 0.875, 'bilinear', '515221308e30cb82'],
  ['crop', 201, 33, 40, 1, 'bicubic', 'b8a91575d71db22c'],
  ['crop', 20, 31, 64, 24 / 29, 'bicubic', 'ba02893fe3dea151'],
  ['stretch', 61, 40, 32, 1, 'bicubic', '7624e8f6724c2f69'],
  ['stretch', 61, 40, 32, 1, 'bilinear', '90463e36fb60a38d'],
  ['crop', 61, 40, 32, 0.9, 'lanczos3', '6f692780bbdf4f88'],
  ['pad', 90, 41, 32, 1, 'bicubic', '1874bd1ac44d511f'],
  ['pad', 41, 90, 33, 1, 'bilinear', '62ede9fa33ef1218'],
];

describe('resizer gives what Pillow gives, byte for byte', () => {
  it.each(PILLOW)(
    '%s: %i × %i to %i',
    (resize, width, height, side, cropFraction, interpolation, expected) => {
      const how = { resize, cropFraction, interpolation };
      const [from, to] = [
        { width, height },
        { width: side, height: side },
      ];
      const pixels = pattern(width, height);
      const out = resized(pixels, from, to, how);
      expect(createHash('sha256').update(out).digest('hex').slice(0, 16)).toBe(expected);

      // The same in strips, with a fourth channel.
      const strips = resizer(from, { ...to, channels: 3, preprocessing: how }, 4);
      const four = withFourth(pixels);
      for (let y = 0; y < height; y += 7)
        strips.add(four.subarray(y * width * 4, Math.min(height, y + 7) * width * 4));
      expect(strips.finish()).toEqual(out);
    },
  );
});

describe('where no WebAssembly can be compiled', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(PILLOW)(
    '%s: %i × %i to %i is the same',
    async (resize, width, height, side, cropFraction, interpolation, expected) => {
      const compile = vi.spyOn(WebAssembly, 'Module').mockImplementation(function refuse() {
        throw new WebAssembly.CompileError('Wasm code generation disallowed by embedder');
      });
      vi.resetModules();
      const { resizer: anew } = await import('./resizer.ts');
      const to = {
        width: side,
        height: side,
        channels: 3,
        preprocessing: { resize, cropFraction, interpolation },
      };
      const resizing = anew({ width, height }, to, 4);
      resizing.add(withFourth(pattern(width, height)));
      const out = resizing.finish();
      expect(compile).toHaveBeenCalled();
      expect(createHash('sha256').update(out).digest('hex').slice(0, 16)).toBe(expected);
    },
  );
});

it('columns that are summed up in several strips are what they are alone', () => {
  const [whole, half] = [
    { width: 604, height: 2600 },
    { width: 302, height: 2600 },
  ];
  const bytes = pattern(whole.width, whole.height);
  const how = { resize: 'stretch', cropFraction: 1, interpolation: 'bicubic' } as const;
  const out = resized(bytes, whole, { width: 604, height: 50 }, how);
  const left = new Uint8Array(half.width * half.height * 3);
  for (let y = 0; y < half.height; y++) left.set(bytes.subarray(y * 1812, y * 1812 + 906), y * 906);
  const alone = resized(left, half, { width: 302, height: 50 }, how);
  for (let y = 0; y < 50; y++) {
    expect(out.subarray(y * 1812, y * 1812 + 906)).toEqual(alone.subarray(y * 906, (y + 1) * 906));
  }
});

it('an image that has the size keeps its pixels, unless it is cropped', () => {
  const size = { width: 24, height: 24 };
  const pixels = pattern(24, 24);
  const how = { cropFraction: 1, interpolation: 'bicubic' } as const;
  for (const resize of ['crop', 'stretch', 'pad'] as const) {
    expect(resized(pixels, size, size, { resize, ...how })).toEqual(pixels);
  }
  expect(resized(pixels, size, size, { ...how, resize: 'crop', cropFraction: 0.875 })).not.toEqual(pixels);
});

it.each<[Preprocessing['resize'], number, [number, number], number, object]>([
  // torchvision's Resize(256) and CenterCrop(224)
  [
    'crop',
    0.875,
    [500, 375],
    224,
    { across: { scaled: 341, offset: 58 }, down: { scaled: 256, offset: 16 } },
  ],
  // 224 / (224 / 232) is a little less than 232 in floating point, or more: never 231
  [
    'crop',
    224 / 232,
    [232, 300],
    224,
    { across: { scaled: 232, offset: 4 }, down: { scaled: 300, offset: 38 } },
  ],
  // Halves are rounded to even numbers: (341 − 256) / 2 = 42.5, (255 − 224) / 2 = 15.5
  ['crop', 1, [341, 256], 256, { across: { scaled: 341, offset: 42 }, down: { scaled: 256, offset: 0 } }],
  [
    'crop',
    224 / 255,
    [255, 255],
    224,
    { across: { scaled: 255, offset: 16 }, down: { scaled: 255, offset: 16 } },
  ],
  ['pad', 1, [500, 375], 224, { across: { scaled: 224, offset: 0 }, down: { scaled: 168, offset: -28 } }],
  ['pad', 1, [9, 1000], 32, { across: { scaled: 1, offset: -15 }, down: { scaled: 32, offset: 0 } }],
  ['stretch', 1, [9, 1000], 32, { across: { scaled: 32, offset: 0 }, down: { scaled: 32, offset: 0 } }],
])('%s with %f places an image of %j', (resize, cropFraction, [width, height], side, expected) => {
  const placed = placementOf(
    { width, height },
    { width: side, height: side },
    { resize, cropFraction, interpolation: 'bicubic' },
  );
  expect(placed).toEqual(expected);
});

it('a preprocessing goes through metadata, and damage is told', () => {
  const preprocessing = { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' } as const;
  expect(preprocessingOf(preprocessingMetadata(preprocessing))).toEqual(preprocessing);
  expect(preprocessingMetadata(preprocessingOf({}))).toEqual({});
  for (const text of ['{', '{}', '{"resize":"crop","cropFraction":0,"interpolation":"bicubic"}', 'null']) {
    expect(() => preprocessingOf({ 'harrier.preprocessing': text }, 'm.onnx')).toThrow(
      /^m\.onnx, harrier\.preprocessing: .*cannot be read: expected resize \(crop, stretch, pad\)/,
    );
  }
});
