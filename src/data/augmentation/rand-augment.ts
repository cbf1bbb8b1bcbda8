import { checkKeys, checkNumber } from '../../options/values.ts';
import type { ImageShape } from '../dataset.ts';
import type { RandomStream } from '../random.ts';
import { type Augmentation, forEachImage } from './augmentation.ts';
import { brightness, clamped, contrast, meanLuma, recolor, saturation } from './color.ts';
import { rotation } from './random-rotation.ts';
import { autoContrast, equalize, posterize, sharpen, solarize } from './tones.ts';
import { type Warp, warper } from './warp.ts';

export interface RandAugmentOptions {
  /** Operations applied to every image, drawn from 14. Default 2. */
  readonly operations?: number;
  /** Strength of all of them, from 0 to 30. Default 9. */
  readonly magnitude?: number;
}

export interface RandAugmentConfig extends RandAugmentOptions {
  readonly name: 'RandAugment';
}

const STRONGEST = 30;

/**
 * Applies a few operations of light, colour and shape to every image, drawn at random, all of one strength (Cubuk et
 * al., "RandAugment: Practical automated data augmentation with a reduced search space", 2020). What has a direction
 * goes either way; edges are mirrored.
 *
 * @throws HarrierError `bad-option`
 */
export function randAugment(options: RandAugmentOptions = {}): Augmentation {
  const where = 'RandAugment';
  checkKeys(where, options, ['operations', 'magnitude']);
  const operations = checkNumber(where, 'operations', options.operations ?? 2, { atLeast: 1, whole: true });
  const magnitude = checkNumber(where, 'magnitude', options.magnitude ?? 9, {
    atLeast: 0,
    atMost: STRONGEST,
  });
  const strength = magnitude / STRONGEST;
  const all = operationsFor(strength);
  return {
    config: { name: where, operations, magnitude } as RandAugmentConfig,
    apply(batch, occasion) {
      forEachImage(batch, occasion, (pixels, start, draws) => {
        for (let i = 0; i < operations; i++) {
          all[draws.integer(all.length)](pixels, start, batch.imageShape, draws);
        }
      });
    },
  };
}

type Operation = (pixels: Uint8Array, start: number, shape: ImageShape, draws: RandomStream) => void;

/** The operations of the paper, at a strength from 0 to 1. */
function operationsFor(strength: number): readonly Operation[] {
  const warp = warper();
  const eitherWay = (draws: RandomStream): number => (draws.uint32() >>> 31 ? strength : -strength);
  const shaped =
    (shape: (amount: number, image: ImageShape) => Warp): Operation =>
    (pixels, start, image, draws) =>
      warp(pixels, start, image, shape(eitherWay(draws), image));
  return [
    () => {},
    (pixels, start, shape) => autoContrast(pixels, start, shape),
    (pixels, start, shape) => equalize(pixels, start, shape),
    (pixels, start, shape) => posterize(pixels, start, shape, 8 - Math.round(4 * strength)),
    (pixels, start, shape) => solarize(pixels, start, shape, clamped(255 * (1 - strength))),
    (pixels, start, shape, draws) => sharpen(pixels, start, shape, 1 + 0.9 * eitherWay(draws)),
    (pixels, start, shape, draws) => recolor(pixels, start, shape, brightness(1 + 0.9 * eitherWay(draws))),
    (pixels, start, shape, draws) => recolor(pixels, start, shape, saturation(1 + 0.9 * eitherWay(draws))),
    (pixels, start, shape, draws) => {
      const factor = 1 + 0.9 * eitherWay(draws);
      recolor(pixels, start, shape, contrast(factor, meanLuma(pixels, start, shape)));
    },
    shaped((amount) => rotation(30 * amount)),
    shaped((amount) => ({ a: 1, b: 0.3 * amount, c: 0, d: 1 })),
    shaped((amount) => ({ a: 1, b: 0, c: 0.3 * amount, d: 1 })),
    shaped((amount, { width }) => ({ a: 1, b: 0, c: 0, d: 1, right: 0.45 * amount * width })),
    shaped((amount, { height }) => ({ a: 1, b: 0, c: 0, d: 1, down: 0.45 * amount * height })),
  ];
}
