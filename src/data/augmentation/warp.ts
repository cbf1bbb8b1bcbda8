import type { ImageShape } from '../dataset.ts';

/** Where a pixel of the new image comes from: x′ = a·x + b·y, y′ = c·x + d·y, all measured from the centre. */
export interface Warp {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  /** Added to x′ and y′, in pixels. */
  readonly right?: number;
  readonly down?: number;
}

/**
 * Makes a warper of images: bilinear, mirrored at the edges. It keeps room for one image.
 *
 * @returns a function that changes the image that begins at `start`
 */
export function warper(): (pixels: Uint8Array, start: number, shape: ImageShape, warp: Warp) => void {
  let scratch = new Uint8Array();
  return (pixels, start, { height, width, channels }, { a, b, c, d, right = 0, down = 0 }) => {
    const bytes = height * width * channels;
    if (scratch.length !== bytes) scratch = new Uint8Array(bytes);
    scratch.set(pixels.subarray(start, start + bytes));
    const centreX = (width - 1) / 2;
    const centreY = (height - 1) / 2;
    let out = start;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const fromX = mirrored(a * (x - centreX) + b * (y - centreY) + centreX + right, width - 1);
        const fromY = mirrored(c * (x - centreX) + d * (y - centreY) + centreY + down, height - 1);
        const x0 = Math.floor(fromX);
        const y0 = Math.floor(fromY);
        const shareX = fromX - x0;
        const shareY = fromY - y0;
        const here = (y0 * width + x0) * channels;
        const stepX = x0 < width - 1 ? channels : 0;
        const stepY = y0 < height - 1 ? width * channels : 0;
        for (let channel = 0; channel < channels; channel++) {
          const i = here + channel;
          const top = scratch[i] + shareX * (scratch[i + stepX] - scratch[i]);
          const below = i + stepY;
          const bottom = scratch[below] + shareX * (scratch[below + stepX] - scratch[below]);
          pixels[out++] = (top + shareY * (bottom - top) + 0.5) | 0;
        }
      }
    }
  };
}

/** A place as it lies when it is mirrored at 0 and `last`, as often as it takes. */
function mirrored(place: number, last: number): number {
  if (place >= 0 && place <= last) return place;
  if (last === 0) return 0;
  const period = 2 * last;
  const once = ((place % period) + period) % period;
  return once <= last ? once : period - once;
}
