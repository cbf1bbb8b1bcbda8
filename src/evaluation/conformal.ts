import { DAMAGED_OR_NEWER, HarrierError } from '../errors.ts';
import { jsonObject } from '../json-text.ts';

// Apart from the rest of prediction sets: programs that only run finished models carry this.

/** Metadata key of the scores of a model's calibration images, by class. */
export const PREDICTION_SETS_KEY = 'harrier.conformal';

/**
 * Of each class, the scores that its calibration images gave it, as a model's metadata has them; undefined where it has
 * none.
 *
 * @throws HarrierError `bad-graph` when they cannot be read
 */
export function readSetScores(
  metadata: Readonly<Record<string, string>>,
  where: string,
): readonly (readonly number[])[] | undefined {
  const text = metadata[PREDICTION_SETS_KEY];
  if (text === undefined) return undefined;
  const { scores } = jsonObject(text) ?? {};
  const isScore = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1 + 1e-3;
  if (Array.isArray(scores) && scores.every((each) => Array.isArray(each) && each.every(isScore))) {
    return scores;
  }
  throw new HarrierError('bad-graph', 'the scores of its calibration images cannot be read', {
    where: `${where}, ${PREDICTION_SETS_KEY}`,
    next: DAMAGED_OR_NEWER,
  });
}

/**
 * The score that a class may have to be in a set; infinite where the calibration images are too few for the promise, so
 * that a set holds every class.
 *
 * @param scores of the calibration images, in ascending order
 * @throws HarrierError `bad-option` for a coverage that is no fraction between 0 and 1
 */
export function setThreshold(scores: readonly number[], coverage: number): number {
  if (!(coverage > 0 && coverage < 1)) {
    throw new HarrierError('bad-option', 'coverage', {
      expected: 'a fraction between 0 and 1, such as 0.95',
      received: `${coverage}`,
    });
  }
  // The smallest number of calibration images whose scores must be at most the threshold.
  const rank = Math.ceil((scores.length + 1) * coverage - 1e-9);
  return rank > scores.length ? Number.POSITIVE_INFINITY : scores[rank - 1];
}

/**
 * The classes of an image's set, the most probable first: never none.
 *
 * @param probabilities of one image, `[classes]`
 * @param threshold of a class
 */
export function setOf(probabilities: ArrayLike<number>, threshold: (label: number) => number): number[] {
  const scores = setScoresOf(probabilities);
  const [best, ...others] = orderOf(probabilities);
  return [best, ...others.filter((label) => scores[label] <= threshold(label))];
}

/** Of each class: the probability of all that are more probable. */
export function setScoresOf(probabilities: ArrayLike<number>): number[] {
  const scores = new Array<number>(probabilities.length);
  let above = 0;
  for (const label of orderOf(probabilities)) {
    scores[label] = above;
    above += probabilities[label];
  }
  return scores;
}

/** Classes by probability, the most probable first; of equal ones the lowest index. */
function orderOf(probabilities: ArrayLike<number>): number[] {
  return Array.from(probabilities, (_, label) => label).sort(
    (a, b) => probabilities[b] - probabilities[a] || a - b,
  );
}
