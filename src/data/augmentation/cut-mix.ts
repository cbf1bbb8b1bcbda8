import { checkKeys, checkNumber } from '../../options/values.ts';
import type { Augmentation } from './augmentation.ts';
import { mixPairs, symmetricBeta } from './mix.ts';

export interface CutMixOptions {
  /** The fraction that each image keeps is drawn from Beta(alpha, alpha): 1, the default, draws any fraction alike. */
  readonly alpha?: number;
}

export interface CutMixConfig extends CutMixOptions {
  readonly name: 'CutMix';
}

/**
 * Pastes a rectangle of another image of the batch over every image; targets are mixed by the areas that are seen (Yun
 * et al., "CutMix", 2019).
 *
 * @throws HarrierError `bad-option`
 */
export function cutMix(options: CutMixOptions = {}): Augmentation {
  checkKeys('CutMix', options, ['alpha']);
  const alpha = checkNumber('CutMix', 'alpha', options.alpha ?? 1, { above: 0 });
  return {
    config: { name: 'CutMix', alpha } as CutMixConfig,
    apply(batch, occasion) {
      const { height, width, channels } = batch.imageShape;
      mixPairs(batch, occasion, (to, partner, draws) => {
        const side = Math.sqrt(1 - symmetricBeta(alpha, draws));
        const [top, bottom] = part(side * height, height, draws.integer(height));
        const [left, right] = part(side * width, width, draws.integer(width));
        for (let y = top; y < bottom; y++) {
          const [first, last] = [(y * width + left) * channels, (y * width + right) * channels];
          for (let i = first; i < last; i++) to[i] = partner[i];
        }
        return 1 - ((bottom - top) * (right - left)) / (height * width);
      });
    },
  };
}

/** The part of a side that a length around a centre covers. */
function part(length: number, side: number, centre: number): [from: number, to: number] {
  const whole = Math.round(length);
  const from = centre - (whole >> 1);
  return [Math.max(0, from), Math.min(side, from + whole)];
}
