import type { Prediction } from './text.ts';

/** The labels that an image is given, most probable first. */
export function givenLabels(
  classNames: readonly string[],
  thresholds: readonly number[],
  probabilities: Float32Array,
): string[] {
  return [...classNames.keys()]
    .filter((label) => probabilities[label] >= thresholds[label])
    .sort((a, b) => probabilities[b] - probabilities[a])
    .map((label) => classNames[label]);
}

/**
 * The predictions of an image that are shown: the first `top`; of an image with labels all that it is given too.
 * Programs are told of all labels, as their probabilities do not add up to anything.
 *
 * @param all most probable first
 * @param labels those that the image is given, of a model that gives any number of them
 */
export function shownOf(
  all: readonly Prediction[],
  labels: readonly string[] | undefined,
  { top, toPeople }: { readonly top: number; readonly toPeople: boolean },
): readonly Prediction[] {
  if (!labels) return all.slice(0, top);
  if (!toPeople) return all;
  const last = all.findLastIndex(({ label }) => labels.includes(label));
  return all.slice(0, Math.max(top, last + 1));
}
