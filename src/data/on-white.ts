/**
 * Pixels with transparency laid on white, and rounded: libvips cuts fractions off, browsers do not.
 *
 * @param pixels uint8, `channels` a pixel: grey or colours, and opacity last
 * @returns four bytes a pixel; the last of them says nothing
 */
export function onWhite(pixels: Uint8Array | Uint8ClampedArray, channels: number): Uint8Array {
  const out = new Uint8Array((pixels.length / channels) * 4);
  for (let from = 0, to = 0; from < pixels.length; from += channels, to += 4) {
    const opacity = pixels[from + channels - 1];
    for (let c = 0; c < 3; c++) {
      const color = pixels[from + (channels === 2 ? 0 : c)];
      out[to + c] = (color * opacity + 255 * (255 - opacity)) / 255 + 0.5;
    }
  }
  return out;
}
