import type { ImageShape } from '../data/dataset.ts';
import { robustSpread } from './robust.ts';

/** Figures of one image's pixels, by which bad photos are known. */
export interface PixelQuality {
  /** 0 for an image full of edges to 1 for one without any: see `blurOf`. */
  readonly blur: number;
  /** Brightness, 0–255, that 95 of 100 pixels stay below. */
  readonly brightest: number;
  /** Brightness that 95 of 100 pixels exceed. */
  readonly darkest: number;
}

/** Of what may be wrong with the photo itself. */
export const QUALITY_ISSUES = ['blurred', 'dark', 'bright', 'plain', 'tiny'] as const;
export type QualityIssue = (typeof QUALITY_ISSUES)[number];

/**
 * An image is blurred that is so many deviations blurrier than the median image, and no less than that. Measured: photos
 * of insects have 0.14 to 0.56, such of hands, enlarged from 100 pixels, 0.40 to 0.62; blurred by a Gaussian of 3 pixels,
 * both have 0.65 and more.
 */
const BLURRED = { deviations: 4, least: 0.6 };
/** Even the brightest parts of a photo are as dark as that. */
const DARK = 64;
/** Even its darkest parts are as bright. */
const BRIGHT = 192;
/** Brightest and darkest parts differ by less: there is nothing to see. */
const PLAIN = 16;
/** Fewer pixels than the network takes, by this factor or more along the shorter side. */
const TINY = 0.5;

/** @param pixels uint8 `[height, width, 3]` */
export function pixelQuality(pixels: Uint8Array, shape: ImageShape): PixelQuality {
  const grey = brightness(pixels);
  const sorted = grey.toSorted();
  const at = (fraction: number) => sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
  return { blur: blurOf(grey, shape), brightest: at(0.95), darkest: at(0.05) };
}

/** From which blur on an image is unusually blurred among its like. */
export function blurLimit(blurs: ArrayLike<number>): number {
  const { median, deviation } = robustSpread(blurs);
  return Math.max(BLURRED.least, median + BLURRED.deviations * deviation);
}

/**
 * What is wrong with a photo.
 *
 * @param side that the network takes
 * @param shorterSide of the file's image in pixels, where that is known
 */
export function qualityIssues(
  { blur, brightest, darkest }: PixelQuality,
  mostBlur: number,
  side: number,
  shorterSide = side,
): QualityIssue[] {
  const tiny: QualityIssue[] = shorterSide < TINY * side ? ['tiny'] : [];
  if (brightest - darkest < PLAIN) return ['plain', ...tiny];
  return [
    ...(blur > mostBlur ? (['blurred'] as const) : []),
    ...(brightest < DARK ? (['dark'] as const) : []),
    ...(darkest > BRIGHT ? (['bright'] as const) : []),
    ...tiny,
  ];
}

/** Brightness of every pixel, 0–255, by the weights of ITU-R BT.601. */
function brightness(pixels: Uint8Array): Float32Array {
  const grey = new Float32Array(pixels.length / 3);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
  }
  return grey;
}

/** Pixels that the image is blurred over to see how much that changes. */
const SPAN = 9;

/**
 * How blurred an image is: F. Crete, T. Dolmiere, P. Ladret, M. Nicolas, "The blur effect: perception and estimation
 * with a new no-reference perceptual blur metric", SPIE 6492, 2007. Blurring a sharp image takes away most of the
 * differences between neighbouring pixels; blurring a blurred one changes little. The blurrier direction counts.
 */
function blurOf(grey: Float32Array, { height, width }: ImageShape): number {
  if (Math.min(height, width) <= SPAN) return 0;
  const along = (lines: number, length: number, toNext: number, toLine: number) => {
    let [all, lost] = [0, 0];
    for (let line = 0; line < lines; line++) {
      const start = line * toLine;
      let sum = 0;
      for (let i = 0; i < SPAN; i++) sum += grey[start + i * toNext];
      for (let i = 0; i + SPAN < length; i++) {
        const before = sum / SPAN;
        sum += grey[start + (i + SPAN) * toNext] - grey[start + i * toNext];
        const middle = start + (i + (SPAN - 1) / 2) * toNext;
        const own = Math.abs(grey[middle + toNext] - grey[middle]);
        all += own;
        lost += Math.max(0, own - Math.abs(sum / SPAN - before));
      }
    }
    return all === 0 ? 1 : (all - lost) / all;
  };
  return Math.max(along(height, width, 1, width), along(width, height, width, 1));
}
