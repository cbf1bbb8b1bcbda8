/**
 * Mirrors images left to right.
 *
 * @param pixels uint8 `[count, height, width, 3]`
 * @returns new pixels
 */
export function mirrored(pixels: Uint8Array, width: number): Uint8Array {
  const turned = new Uint8Array(pixels.length);
  const row = 3 * width;
  for (let at = 0; at < pixels.length; at += 3) {
    const start = at - (at % row);
    const to = start + row - 3 - (at - start);
    turned[to] = pixels[at];
    turned[to + 1] = pixels[at + 1];
    turned[to + 2] = pixels[at + 2];
  }
  return turned;
}
