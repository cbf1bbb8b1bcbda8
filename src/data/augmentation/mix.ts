import { type RandomStream, random } from '../random.ts';
import type { Batch, Occasion } from './augmentation.ts';

/**
 * Pairs every image of a batch with another (the batch in a random order) and calls `mix` for each pair, which blends
 * the second into the first and says how much of the first is left; the targets follow. Draws depend on the step.
 */
export function mixPairs(
  { pixels, targets }: Batch,
  { seed, purpose, step, images }: Occasion,
  mix: (to: Uint8Array, partner: Uint8Array, draws: RandomStream) => number,
): void {
  const count = images.length;
  const bytes = pixels.length / count;
  const classes = targets.length / count;
  const draws = random(seed, purpose, step);
  const partners = draws.permutation(count);
  const [pixelsBefore, targetsBefore] = [pixels.slice(), targets.slice()];
  for (let i = 0; i < count; i++) {
    const partner = partners[i];
    const fraction = mix(
      pixels.subarray(i * bytes, (i + 1) * bytes),
      pixelsBefore.subarray(partner * bytes, (partner + 1) * bytes),
      draws,
    );
    for (let c = 0; c < classes; c++) {
      targets[i * classes + c] =
        fraction * targetsBefore[i * classes + c] + (1 - fraction) * targetsBefore[partner * classes + c];
    }
  }
}

/** A draw of Beta(alpha, alpha), in [0, 1], as the fraction of one of two gamma draws in both. */
export function symmetricBeta(alpha: number, draws: RandomStream): number {
  const [a, b] = [gamma(alpha, draws), gamma(alpha, draws)];
  // With a tiny alpha both can underflow: the limit is a fair coin.
  return a + b > 0 ? a / (a + b) : draws.uint32() >>> 31;
}

/** A draw of Gamma(shape, 1) (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000). */
function gamma(shape: number, draws: RandomStream): number {
  if (shape < 1) return gamma(shape + 1, draws) * (1 - draws.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = draws.normal();
    const v = (1 + c * normal) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - draws.uniform()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) return d * v;
  }
}
