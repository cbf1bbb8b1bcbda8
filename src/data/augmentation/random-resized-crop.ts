import { checkKeys, checkNumber } from '../../options/values.ts';
import { type Augmentation, forEachImage } from './augmentation.ts';
import { warper } from './warp.ts';

export interface RandomResizedCropOptions {
  /** The smallest part of an image's area that is shown, above 0 and at most 1. */
  readonly smallest: number;
}

export interface RandomResizedCropConfig extends RandomResizedCropOptions {
  readonly name: 'RandomResizedCrop';
}

/** Sides of a part are to each other as 3 : 4 at most, as images are often taken. */
const NARROWEST = Math.log(3 / 4);

/**
 * Shows a part of every image at the image's own size: its area is drawn from `smallest` to all of it, its sides' ratio
 * from 3 : 4 to 4 : 3, its place anywhere (Szegedy et al., "Going Deeper with Convolutions", 2014).
 *
 * @throws HarrierError `bad-option`
 */
export function randomResizedCrop(options: RandomResizedCropOptions): Augmentation {
  const where = 'RandomResizedCrop';
  checkKeys(where, options, ['smallest']);
  const smallest = checkNumber(where, 'smallest', options.smallest, { above: 0, atMost: 1 });
  const warp = warper();
  return {
    config: { name: where, smallest } as RandomResizedCropConfig,
    apply(batch, occasion) {
      const { height, width } = batch.imageShape;
      forEachImage(batch, occasion, (pixels, start, draws) => {
        const area = smallest + (1 - smallest) * draws.uniform();
        const ratio = Math.exp(NARROWEST * (1 - 2 * draws.uniform()));
        const columns = Math.min(1, Math.sqrt(area * ratio));
        const rows = Math.min(1, Math.sqrt(area / ratio));
        const right = (draws.uniform() - 0.5) * (1 - columns) * width;
        const down = (draws.uniform() - 0.5) * (1 - rows) * height;
        warp(pixels, start, batch.imageShape, { a: columns, b: 0, c: 0, d: rows, right, down });
      });
    },
  };
}
