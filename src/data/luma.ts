/** How much red, green and blue each count in grey: Rec. ITU-R BT.601, as in Keras's `rgb_to_grayscale`. They add up to 1. */
export const LUMA = [0.299, 0.587, 0.114] as const;
