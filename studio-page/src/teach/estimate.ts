import { wilsonInterval } from 'harrier/src/evaluation/wilson.ts';
import type { Outcome } from './messages.ts';

/** How good a taught model is, as its model card says it; undefined where no image was held out. */
export function estimateOf({ heldOut, folds, oneRecording = [] }: Outcome): string | undefined {
  if (heldOut.length === 0) return undefined;
  const right = heldOut.filter(
    ({ label, probabilities }) => probabilities.indexOf(Math.max(...probabilities)) === label,
  ).length;
  const [lower, upper] = wilsonInterval(right, heldOut.length).map((each) => Math.round(100 * each));
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
