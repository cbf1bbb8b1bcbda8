import type { AllImages } from './images.ts';
import type { ConfusedPair, ImageName } from './inspection.ts';
import type { LabelIssues } from './label-issues.ts';

/** What a head said of an image that it was not fitted on. */
export interface HeldOutAnswer {
  /** Index of the most probable class. */
  readonly predicted: number;
  readonly probability: number;
}

/** By the places of the images. */
export type HeldOutAnswers = ReadonlyMap<number, HeldOutAnswer>;

const EXAMPLES = 4;

/** @param probabilities float32 `[images, classes]`; rows of NaN are left out */
export function heldOutAnswers(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): HeldOutAnswers {
  const answers = new Map<number, HeldOutAnswer>();
  for (let image = 0; image < labels.length; image++) {
    const row = probabilities.subarray(image * classes, (image + 1) * classes);
    if (!Number.isFinite(row[0])) continue;
    const probability = Math.max(...row);
    answers.set(image, { predicted: row.indexOf(probability), probability });
  }
  return answers;
}

/** Pairs of classes that are taken for each other, most often first, without images whose label is probably wrong. */
export function confusionsOf(
  answers: HeldOutAnswers,
  { labels, classNames }: AllImages,
  { issues }: LabelIssues,
  nameOf: (image: number) => ImageName,
): ConfusedPair[] {
  const flagged = new Set(issues.map(({ image }) => image));
  const pairs = new Map<string, { classes: [number, number]; images: number[] }>();
  for (const [image, { predicted }] of answers) {
    if (predicted === labels[image] || flagged.has(image)) continue;
    const classes: [number, number] = [
      Math.min(predicted, labels[image]),
      Math.max(predicted, labels[image]),
    ];
    const pair = pairs.get(`${classes}`) ?? { classes, images: [] };
    pair.images.push(image);
    pairs.set(`${classes}`, pair);
  }
  const sure = (image: number) => answers.get(image)!.probability;
  return [...pairs.values()]
    .sort((a, b) => b.images.length - a.images.length)
    .map(({ classes: [a, b], images }) => ({
      classes: [classNames[a], classNames[b]],
      count: images.length,
      examples: images
        .sort((one, other) => sure(other) - sure(one))
        .slice(0, EXAMPLES)
        .map((image) => {
          const { predicted, probability } = answers.get(image)!;
          return { ...nameOf(image), predicted: classNames[predicted], probability };
        }),
    }));
}
