import { checkKeys, checkNumber } from '../../options/values.ts';
import { type Augmentation, forEachImage } from './augmentation.ts';
import { type Warp, warper } from './warp.ts';

export interface RandomRotationOptions {
  /** The furthest an image is turned, either way. */
  readonly degrees: number;
}

export interface RandomRotationConfig extends RandomRotationOptions {
  readonly name: 'RandomRotation';
}

/** Turns every image around its centre; the edges are mirrored. @throws HarrierError `bad-option` */
export function randomRotation(options: RandomRotationOptions): Augmentation {
  const where = 'RandomRotation';
  checkKeys(where, options, ['degrees']);
  const degrees = checkNumber(where, 'degrees', options.degrees, { atLeast: 0, atMost: 180 });
  const warp = warper();
  return {
    config: { name: where, degrees } as RandomRotationConfig,
    apply(batch, occasion) {
      forEachImage(batch, occasion, (pixels, start, draws) => {
        warp(pixels, start, batch.imageShape, rotation(degrees * (2 * draws.uniform() - 1)));
      });
    },
  };
}

/** A turn to the left for degrees above 0. */
export function rotation(degrees: number): Warp {
  const cosine = Math.cos((Math.PI / 180) * degrees);
  const sine = Math.sin((Math.PI / 180) * degrees);
  return { a: cosine, b: -sine, c: sine, d: cosine };
}
