/** How much red, green and blue each count in grey: Rec. ITU-R BT.601, as in Keras's `rgb_to_grayscale`. They add up to 1. */
export const LUMA = [0.299, 0.587, 0.114] as const;

/** Grey of colours: one byte for each three. What is grey already keeps its values. */
export function oneChannel(colours: Uint8Array): Uint8Array<ArrayBuffer> {
  const grey = new Uint8Array(colours.length / 3);
  const [red, green, blue] = LUMA;
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = Math.round(red * colours[at] + green * colours[at + 1] + blue * colours[at + 2]);
  }
  return grey;
}
