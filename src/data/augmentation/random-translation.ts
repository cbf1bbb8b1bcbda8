import { HarrierError } from '../../errors.ts';
import { badOption, checkKeys, checkNumber } from '../../options/values.ts';
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
  return {
    config: { name: where, pixels: furthest, fill } as RandomTranslationConfig,
    apply(batch, occasion) {
      const { imageShape } = batch;
      const side = Math.min(imageShape.height, imageShape.width);
      if (fill === 'reflect' && reach > side) {
        throw new HarrierError('bad-option', 'pixels', {
          where,
          expected: `less than half the side of the images, ${side}`,
          received: `${furthest}`,
          next: 'Use fewer pixels, or fill zero or mean.',
        });
      }
      forEachImage(batch, occasion, (pixels, start, draws) => {
        const down = draws.integer(reach) - furthest;
        const right = draws.integer(reach) - furthest;
        const color =
          fill === 'mean' ? meanColor(pixels, start, imageShape) : new Uint8Array(imageShape.channels);
        shift(pixels, start, imageShape, down, right);
        if (fill === 'reflect') mirrorEdges(pixels, start, imageShape, down, right);
        else fillEdges(pixels, start, imageShape, down, right, color);
      });
    },
  };
}

/** Moves the image that begins at `start` in one piece: what comes in at the edges is then anything. */
function shift(
  pixels: Uint8Array,
  start: number,
  { height, width, channels }: ImageShape,
  down: number,
  right: number,
): void {
  const end = start + height * width * channels;
  const distance = (down * width + right) * channels;
  if (Math.abs(distance) >= end - start) return;
  if (distance > 0) pixels.copyWithin(start + distance, start, end - distance);
  else if (distance < 0) pixels.copyWithin(start, start - distance, end);
}

/** Gives the columns and rows that came in at the edges the pixels that lie as far inside. */
function mirrorEdges(
  pixels: Uint8Array,
  start: number,
  { height, width, channels }: ImageShape,
  down: number,
  right: number,
): void {
  const row = width * channels;
  const [left, top] = [right > 0 ? 0 : width + right, down > 0 ? 0 : height + down];
  const [axisX, axisY] = [right > 0 ? right : width - 1 + right, down > 0 ? down : height - 1 + down];
  const columns = Math.abs(right);
  for (let line = start; line < start + height * row; line += row) {
    for (let x = left; x < left + columns; x++) {
      const to = line + x * channels;
      const from = line + (2 * axisX - x) * channels;
      for (let c = 0; c < channels; c++) pixels[to + c] = pixels[from + c];
    }
  }
  for (let y = top; y < top + Math.abs(down); y++) {
    const from = start + (2 * axisY - y) * row;
    pixels.copyWithin(start + y * row, from, from + row);
  }
}

/** Gives the columns and rows that came in at the edges one colour. */
function fillEdges(
  pixels: Uint8Array,
  start: number,
  { height, width, channels }: ImageShape,
  down: number,
  right: number,
  color: Uint8Array,
): void {
  for (let y = 0, i = start; y < height; y++) {
    const outside = y < down || y >= height + down;
    for (let x = 0; x < width; x++, i += channels) {
      if (outside || x < right || x >= width + right) {
        for (let c = 0; c < channels; c++) pixels[i + c] = color[c];
      }
    }
  }
}
