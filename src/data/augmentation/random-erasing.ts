import { badOption, checkKeys, checkNumber } from '../../options/values.ts';
import { type Augmentation, forEachImage } from './augmentation.ts';
import { meanColor } from './mean-color.ts';

const FILLS = ['mean', 'zero'] as const;

export interface RandomErasingOptions {
  /** Side of the square, in pixels. */
  readonly size: number;
  /** What the square is painted with: the image's mean colour, the default, or black. */
  readonly fill?: (typeof FILLS)[number];
}

export interface RandomErasingConfig extends RandomErasingOptions {
  readonly name: 'RandomErasing';
}

/**
 * Paints a square over every image, its centre on any pixel, so that a part of it may lie outside: cutout (DeVries and
 * Taylor, "Improved regularization of convolutional neural networks with cutout", 2017).
 *
 * @throws HarrierError `bad-option`
 */
export function randomErasing(options: RandomErasingOptions): Augmentation {
  const where = 'RandomErasing';
  checkKeys(where, options, ['size', 'fill']);
  const size = checkNumber(where, 'size', options.size, { atLeast: 1, whole: true });
  const { fill = 'mean' } = options;
  if (!FILLS.includes(fill)) throw badOption(where, 'fill', FILLS.join(', '), fill);
  return {
    config: { name: where, size, fill } as RandomErasingConfig,
    apply(batch, occasion) {
      const { imageShape } = batch;
      const { height, width, channels } = imageShape;
      forEachImage(batch, occasion, (pixels, start, draws) => {
        const top = draws.integer(height) - (size >> 1);
        const left = draws.integer(width) - (size >> 1);
        const color = fill === 'mean' ? meanColor(pixels, start, imageShape) : new Uint8Array(channels);
        for (let y = Math.max(0, top); y < Math.min(height, top + size); y++) {
          for (let x = Math.max(0, left); x < Math.min(width, left + size); x++) {
            pixels.set(color, start + (y * width + x) * channels);
          }
        }
      });
    },
  };
}
