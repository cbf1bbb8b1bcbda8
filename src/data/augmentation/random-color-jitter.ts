import { checkKeys, checkNumber } from '../../options/values.ts';
import type { ImageShape } from '../dataset.ts';
import { type Augmentation, forEachImage } from './augmentation.ts';
import {
  brightness,
  type ColorMatrix,
  contrast,
  hue,
  meanLuma,
  product,
  recolor,
  saturation,
} from './color.ts';

export interface RandomColorJitterOptions {
  /** 0.2 multiplies by 0.8 to 1.2. Default 0. */
  readonly brightness?: number;
  /** 0.2 brings colours up to 20% closer to the image's mean grey, or as much further from it. Default 0. */
  readonly contrast?: number;
  /** 0.2 makes colours up to 20% paler, or stronger. Default 0. */
  readonly saturation?: number;
  /** 0.05 turns colours by up to 5% of the colour wheel, either way. At most 0.5. Default 0. */
  readonly hue?: number;
}

export interface RandomColorJitterConfig extends RandomColorJitterOptions {
  readonly name: 'RandomColorJitter';
}

/** Changes the light and the colours of every image a little. @throws HarrierError `bad-option` */
export function randomColorJitter(options: RandomColorJitterOptions): Augmentation {
  const where = 'RandomColorJitter';
  checkKeys(where, options, ['brightness', 'contrast', 'saturation', 'hue']);
  const strength = (option: keyof RandomColorJitterOptions, atMost: number): number =>
    checkNumber(where, option, options[option] ?? 0, { atLeast: 0, atMost });
  const strengths = {
    brightness: strength('brightness', 1),
    contrast: strength('contrast', 1),
    saturation: strength('saturation', 1),
    hue: strength('hue', 0.5),
  };
  return {
    config: { name: where, ...strengths } as RandomColorJitterConfig,
    apply(batch, occasion) {
      forEachImage(batch, occasion, (pixels, start, draws) => {
        const around = (centre: number, reach: number) => centre + reach * (2 * draws.uniform() - 1);
        const light = brightness(around(1, strengths.brightness));
        const factor = around(1, strengths.contrast);
        const matrix = [
          contrast(factor, lumaAfter(light, pixels, start, batch.imageShape)),
          saturation(around(1, strengths.saturation)),
          hue(around(0, strengths.hue)),
        ].reduce((first, next) => product(next, first), light);
        recolor(pixels, start, batch.imageShape, matrix);
      });
    },
  };
}

/** A brightness changes the mean grey by its factor. */
function lumaAfter([factor]: ColorMatrix, pixels: Uint8Array, start: number, shape: ImageShape): number {
  return factor * meanLuma(pixels, start, shape);
}
