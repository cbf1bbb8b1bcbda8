import type { ImageShape } from '../dataset.ts';

/** The mean of each channel over the image that begins at `start`, rounded: uint8 `[channels]`. */
export function meanColor(
  pixels: Uint8Array,
  start: number,
  { height, width, channels }: ImageShape,
): Uint8Array {
  const color = new Uint8Array(channels);
  const count = height * width;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = start + c; i < start + count * channels; i += channels) sum += pixels[i];
    color[c] = Math.round(sum / count);
  }
  return color;
}
