import { checkKeys, checkNumber } from '../../options/values.ts';
import { type Augmentation, forEachImage } from './augmentation.ts';
import { warper } from './warp.ts';

export interface RandomZoomOptions {
  /** 0.2 shows every image at 1 / 1.2 to 1.2 times its size. */
  readonly factor: number;
}

export interface RandomZoomConfig extends RandomZoomOptions {
  readonly name: 'RandomZoom';
}

/** Brings every image nearer or further away; the edges are mirrored. @throws HarrierError `bad-option` */
export function randomZoom(options: RandomZoomOptions): Augmentation {
  const where = 'RandomZoom';
  checkKeys(where, options, ['factor']);
  const factor = checkNumber(where, 'factor', options.factor, { atLeast: 0, atMost: 3 });
  const warp = warper();
  return {
    config: { name: where, factor } as RandomZoomConfig,
    apply(batch, occasion) {
      forEachImage(batch, occasion, (pixels, start, draws) => {
        const step = (1 + factor) ** (2 * draws.uniform() - 1);
        warp(pixels, start, batch.imageShape, { a: step, b: 0, c: 0, d: step });
      });
    },
  };
}
