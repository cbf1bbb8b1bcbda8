import { accuracyInterval } from 'harrier/src/evaluation/cross-validation.ts';
import type { Outcome } from './messages.ts';

/** How good a taught model is, as its model card says it; undefined where no image was held out. */
export function estimateOf({ heldOut, folds, oneRecording = [] }: Outcome): string | undefined {
  if (heldOut.length === 0) return undefined;
  const { right, lower, upper } = expected(heldOut);
  const how =
    folds === undefined
      ? 'The best epoch was chosen by these images.'
      : `Each image was evaluated by a model that had not learned from it (${folds} parts).`;
  const recorded =
    oneRecording.length === 0
      ? ''
      : ` All images of ${oneRecording.map((name) => `“${name}”`).join(', ')} come from one recording: expect less elsewhere.`;
  return `${right} of ${heldOut.length} held-out images were right: on other images like these, expect ${lower} to ${upper}% (95% interval). ${how}${recorded}`;
}

/** Images that were right, and how many percent of others like these are expected to be (95% interval). */
export function expected(heldOut: Outcome['heldOut']): {
  readonly right: number;
  readonly lower: number;
  readonly upper: number;
} {
  const right = heldOut.map(
    ({ label, probabilities }) => probabilities.indexOf(Math.max(...probabilities)) === label,
  );
  const groups = heldOut.flatMap(({ group }) => group ?? []);
  const [lower, upper] = accuracyInterval(right, groups.length === right.length ? groups : undefined).map(
    (each) => Math.round(100 * each),
  );
  return { right: right.filter(Boolean).length, lower, upper };
}
