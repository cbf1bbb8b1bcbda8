import { HarrierError } from '../../errors.ts';
import { badOption, checkKeys, checkNumber } from '../../options.ts';
import type { ImageShape } from '../dataset.ts';
import { type Augmentation, forEachImage } from './augmentation.ts';
import { meanColor } from './mean-color.ts';

const FILLS = ['reflect', 'zero', 'mean'] as const;

export interface RandomTranslationOptions {
  /** The furthest an image moves, in each direction. */
  readonly pixels: number;
  /**
   * What comes in at the edges. `reflect`, the default: the image mirrored at its outermost pixels, which are not
   * repeated. `zero`: black. `mean`: the image's mean colour.
   */
  readonly fill?: (typeof FILLS)[number];
}

export interface RandomTranslationConfig extends RandomTranslationOptions {
  readonly name: 'RandomTranslation';
}

/**
 * Moves every image by whole pixels, up to `pixels` along each axis, every distance alike: the padded random crop of
 * CIFAR training (He et al., "Deep Residual Learning", 2015).
 *
 * @throws HarrierError `bad-option`; when applied, `bad-option` for images too small to be reflected
 */
export function randomTranslation(options: RandomTranslationOptions): Augmentation {
  const where = 'RandomTranslation';
  checkKeys(where, options, ['pixels', 'fill']);
  const furthest = checkNumber(where, 'pixels', options.pixels, { atLeast: 0, whole: true });
  const { fill = 'reflect' } = options;
  if (!FILLS.includes(fill)) throw badOption(where, 'fill', FILLS.join(', '), fill);
  const reach = 2 * furthest + 1;
  let scratch = new Uint8Array();
  return {
    config: { name: where, pixels: furthest, fill } as RandomTranslationConfig,
    apply(batch, occasion) {
      const { imageShape } = batch;
      const bytes = imageShape.height * imageShape.width * imageShape.channels;
      const limit =
        fill === 'reflect' ? Math.min(imageShape.height, imageShape.width) : Number.POSITIVE_INFINITY;
      if (furthest >= limit) {
        throw new HarrierError('bad-option', 'pixels', {
          where,
          expected: `a whole number below the side of the images, ${limit}`,
          received: `${furthest}`,
        });
      }
      if (scratch.length !== bytes) scratch = new Uint8Array(bytes);
      forEachImage(batch, occasion, (pixels, start, draws) => {
        const down = draws.integer(reach) - furthest;
        const right = draws.integer(reach) - furthest;
        if (down !== 0 || right !== 0) translate(pixels, start, imageShape, down, right, fill, scratch);
      });
    },
  };
}

/** Moves the image that begins at `start`; `scratch` has room for one image. */
function translate(
  pixels: Uint8Array,
  start: number,
  shape: ImageShape,
  down: number,
  right: number,
  fill: (typeof FILLS)[number],
  scratch: Uint8Array,
): void {
  const { height, width, channels } = shape;
  const row = width * channels;
  const end = start + height * row;
  const color = fill === 'mean' ? meanColor(pixels, start, shape) : new Uint8Array(channels);
  scratch.set(pixels.subarray(start, end));
  // The part of a row that keeps its neighbours moves as a whole; a few pixels at its ends come from elsewhere.
  const first = Math.min(width, Math.max(0, right));
  const last = Math.max(first, Math.min(width, width + right));
  for (let y = 0; y < height; y++) {
    const fromY = fill === 'reflect' ? reflected(y - down, height) : y - down;
    const out = start + y * row;
    const inside = fromY >= 0 && fromY < height;
    const from = fromY * row;
    const pixel = (x: number): void => {
      const fromX = fill === 'reflect' ? reflected(x - right, width) : x - right;
      const known = inside && fromX >= 0 && fromX < width;
      for (let c = 0; c < channels; c++) {
        pixels[out + x * channels + c] = known ? scratch[from + fromX * channels + c] : color[c];
      }
    };
    if (!inside) for (let x = 0; x < width; x++) pixel(x);
    else {
      for (let x = 0; x < first; x++) pixel(x);
      const shift = from - right * channels;
      const stop = last * channels;
      for (let i = first * channels; i < stop; i++) pixels[out + i] = scratch[shift + i];
      for (let x = last; x < width; x++) pixel(x);
    }
  }
}

/** Where a place outside 0 … size − 1 lies when it is mirrored at the outermost places; at most size − 1 outside. */
function reflected(place: number, size: number): number {
  if (place < 0) return -place;
  return place < size ? place : 2 * (size - 1) - place;
}
