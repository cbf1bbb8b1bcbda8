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

/** A held-out image: its class, and the one that the model says. */
export interface Evaluated {
  readonly label: number;
  readonly predicted: number;
}

/** Fewer wrong images of a class may be chance. */
const ENOUGH_WRONG = 3;

/** The class with the largest fraction of wrong images, among those with 3 or more of them; undefined where none has. */
export function weakestClass(evaluated: readonly Evaluated[]):
  | {
      readonly label: number;
      /** Its images, and those of them that are wrong. */
      readonly count: number;
      readonly wrong: number;
      /** The class that most of these were taken for, and how many were. */
      readonly takenFor: number;
      readonly times: number;
    }
  | undefined {
  const labels = [...new Set(evaluated.map(({ label }) => label))];
  const weakest = labels
    .map((label) => {
      const own = evaluated.filter((each) => each.label === label);
      return { label, count: own.length, wrong: own.filter(({ predicted }) => predicted !== label) };
    })
    .filter(({ wrong }) => wrong.length >= ENOUGH_WRONG)
    .toSorted((a, b) => b.wrong.length / b.count - a.wrong.length / a.count)
    .at(0);
  if (!weakest) return undefined;
  const { label, count, wrong } = weakest;
  const [taken] = [...new Set(wrong.map(({ predicted }) => predicted))]
    .map((takenFor) => ({
      takenFor,
      times: wrong.filter(({ predicted }) => predicted === takenFor).length,
    }))
    .toSorted((a, b) => b.times - a.times);
  return { label, count, wrong: wrong.length, ...taken };
}
