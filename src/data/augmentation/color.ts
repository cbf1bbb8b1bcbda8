import type { ImageShape } from '../dataset.ts';
import { LUMA } from '../luma.ts';

/**
 * A change of colours: three rows of four numbers, so that each new channel is a sum of the old ones (on the scale
 * 0–255) and a constant.
 */
export type ColorMatrix = readonly number[];

// The colour axes of YIQ (NTSC 1953), as sums of red, green and blue, and back.
const I = [0.5959, -0.2746, -0.3213] as const;
const Q = [0.2115, -0.5227, 0.3112] as const;
const FROM_I = [0.956, -0.272, -1.106] as const;
const FROM_Q = [0.619, -0.647, 1.703] as const;

/** Multiplies all channels. */
export function brightness(factor: number): ColorMatrix {
  return matrixOf((to, from) => (to === from ? factor : 0));
}

/** Distance of every channel from `grey`, times `factor`. */
export function contrast(factor: number, grey: number): ColorMatrix {
  return matrixOf((to, from) => (to === from ? factor : 0), (1 - factor) * grey);
}

/** Distance of every pixel from the grey that is as bright, times `factor`. */
export function saturation(factor: number): ColorMatrix {
  return matrixOf((to, from) => (to === from ? factor : 0) + (1 - factor) * LUMA[from]);
}

/** Turns colours around the axis of greys, by a fraction of the full circle; brightness stays. */
export function hue(turn: number): ColorMatrix {
  const cosine = Math.cos(2 * Math.PI * turn);
  const sine = Math.sin(2 * Math.PI * turn);
  return matrixOf(
    (to, from) =>
      LUMA[from] * (1 - cosine) +
      (to === from ? cosine : 0) +
      sine * (FROM_Q[to] * I[from] - FROM_I[to] * Q[from]),
  );
}

/** The change `first`, and `next` after it. */
export function product(next: ColorMatrix, first: ColorMatrix): ColorMatrix {
  return Array.from({ length: 12 }, (_, i) => {
    const [to, from] = [i >> 2, i & 3];
    let sum = from === 3 ? next[to * 4 + 3] : 0;
    for (let k = 0; k < 3; k++) sum += next[to * 4 + k] * first[k * 4 + from];
    return sum;
  });
}

function matrixOf(element: (to: number, from: number) => number, constant = 0): ColorMatrix {
  return Array.from({ length: 12 }, (_, i) => ((i & 3) === 3 ? constant : element(i >> 2, i & 3)));
}

/** Changes the colours of the image that begins at `start`. */
export function recolor(
  pixels: Uint8Array,
  start: number,
  { height, width, channels }: ImageShape,
  matrix: ColorMatrix,
): void {
  const [rr, rg, rb, r1, gr, gg, gb, g1, br, bg, bb, b1] = matrix;
  const end = start + height * width * channels;
  for (let i = start; i < end; i += channels) {
    const red = pixels[i];
    const green = pixels[i + 1];
    const blue = pixels[i + 2];
    pixels[i] = clamped(rr * red + rg * green + rb * blue + r1);
    pixels[i + 1] = clamped(gr * red + gg * green + gb * blue + g1);
    pixels[i + 2] = clamped(br * red + bg * green + bb * blue + b1);
  }
}

/** To the nearest whole number from 0 to 255. */
export function clamped(value: number): number {
  if (value <= 0) return 0;
  return value >= 255 ? 255 : (value + 0.5) | 0;
}

/** The mean brightness of an image, 0–255. */
export function meanLuma(pixels: Uint8Array, start: number, { height, width, channels }: ImageShape): number {
  const end = start + height * width * channels;
  let sum = 0;
  for (let i = start; i < end; i += channels) {
    sum += LUMA[0] * pixels[i] + LUMA[1] * pixels[i + 1] + LUMA[2] * pixels[i + 2];
  }
  return sum / (height * width);
}
