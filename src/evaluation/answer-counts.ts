import { jsonObject } from '../json-text.ts';

/** Metadata key of what a model said of its test images, in sum. */
export const ANSWER_COUNTS_KEY = 'harrier.answers';

/** Parts of equal width that the largest probabilities are counted in. */
const PARTS = 10;

/** What a model said of many images, in sum: enough to see later whether it says something else. */
export interface AnswerCounts {
  /** Images by the class that they were taken for. */
  readonly classes: number[];
  /** Images by their largest probability, in tenths: from 0 to 0.1, … from 0.9 to 1. */
  readonly confidence: number[];
}

/** Counts of no image. */
export function noAnswers(classes: number): AnswerCounts {
  return { classes: new Array(classes).fill(0), confidence: new Array(PARTS).fill(0) };
}

/** What is counted of one image: its class, and the tenth that its largest probability lies in. */
export function answerOf(probabilities: ArrayLike<number>): readonly [label: number, part: number] {
  let best = 0;
  for (let label = 1; label < probabilities.length; label++) {
    if (probabilities[label] > probabilities[best]) best = label;
  }
  return [best, Math.max(0, Math.min(PARTS - 1, Math.floor(probabilities[best] * PARTS)))];
}

/** @param probabilities of all images, `[images, classes]` */
export function countAnswers(probabilities: Float32Array, classes: number): AnswerCounts {
  const counts = noAnswers(classes);
  for (let at = 0; at < probabilities.length; at += classes) {
    const [label, part] = answerOf(probabilities.subarray(at, at + classes));
    counts.classes[label]++;
    counts.confidence[part]++;
  }
  return counts;
}

/** As a model's metadata has them; undefined where it has none that fit. */
export function readAnswerCounts(
  metadata: Readonly<Record<string, string>>,
  classes: number,
): AnswerCounts | undefined {
  const counts = jsonObject(metadata[ANSWER_COUNTS_KEY] ?? '') as Partial<AnswerCounts> | undefined;
  const areCounts = (values: unknown, length: number): values is number[] =>
    Array.isArray(values) && values.length === length && values.every((each) => Number(each) >= 0);
  return areCounts(counts?.classes, classes) && areCounts(counts?.confidence, PARTS)
    ? { classes: counts.classes, confidence: counts.confidence }
    : undefined;
}
