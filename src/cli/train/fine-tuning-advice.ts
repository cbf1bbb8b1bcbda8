import { formatPercent, formatQuantity } from '../../format/format.ts';
import type { HeadFinding } from '../../heads/index.ts';

/** Training images from which training all layers has been better than a head. */
const ENOUGH_IMAGES = 500;
/** Fraction right of held-out images from which there is little left to gain. */
const GOOD_ENOUGH = 0.98;

type Head = Pick<HeadFinding, 'c' | 'scores'>;

/**
 * Why training all layers is not likely to do better than a head on features; undefined where it is.
 *
 * @param images training images
 */
export function againstFineTuning(head: Head | undefined, images: number): string | undefined {
  if (images < ENOUGH_IMAGES) {
    return `that helps with ${ENOUGH_IMAGES} training images or more, and there are ${images}`;
  }
  const accuracy = heldOutAccuracy(head);
  if (accuracy === undefined) return 'no image could be held out to see how good the head is';
  if (accuracy < GOOD_ENOUGH) return undefined;
  return `the head is right about ${formatPercent(accuracy)} of held-out training images, which leaves little to gain`;
}

/**
 * A sentence that says when training all layers is worth its time, after a head was fitted on features; undefined where
 * images are few, or the head is right nearly always.
 */
export function fineTuningAdvice(head: Head | undefined, images: number): string | undefined {
  const accuracy = heldOutAccuracy(head);
  if (accuracy === undefined || againstFineTuning(head, images) !== undefined) return undefined;
  return (
    `The head is right about ${formatPercent(accuracy)} of held-out training images. With ` +
    `${formatQuantity(images, 'image')}, training all layers may do better: --time 20m tries it, and keeps the better model.`
  );
}

function heldOutAccuracy(head: Head | undefined): number | undefined {
  return head?.scores?.find(({ c }) => c === head.c)?.accuracy;
}
