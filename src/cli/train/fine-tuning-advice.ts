import { formatPercent, formatQuantity } from '../../format/format.ts';
import type { HeadFinding } from '../../heads/index.ts';
import { shellQuote } from '../terminal.ts';

/** Training images from which training all layers has been better than a head. */
const ENOUGH_IMAGES = 500;
/** Fraction right of held-out images from which there is little left to gain. */
const GOOD_ENOUGH = 0.98;

/**
 * A sentence that says when training all layers is worth its time, after a head was fitted on features; undefined where
 * images are few, or the head is right nearly always.
 *
 * @param images training images
 * @param from the first model, as `--from` takes it
 */
export function fineTuningAdvice(
  head: Pick<HeadFinding, 'c' | 'scores'> | undefined,
  images: number,
  from: string,
): string | undefined {
  const score = head?.scores?.find(({ c }) => c === head.c);
  if (!score || images < ENOUGH_IMAGES || score.accuracy >= GOOD_ENOUGH) return undefined;
  return (
    `The head is right about ${formatPercent(score.accuracy)} of held-out training images. With ` +
    `${formatQuantity(images, 'image')}, training all layers may do better, in minutes: --from ${shellQuote(from)} --trainable all.`
  );
}
