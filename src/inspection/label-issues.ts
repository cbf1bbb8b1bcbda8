/** An image whose label is probably wrong. */
export interface LabelIssue {
  /** Its place in the list of images. */
  readonly image: number;
  /** The class that the data gives, as an index. */
  readonly label: number;
  /** The class that it probably is of. */
  readonly suggested: number;
  /** Probability of the suggested class by a head that was not fitted on the image. */
  readonly probability: number;
  /** Probability of its label by the same head: the lower, the more certain the issue. */
  readonly labelProbability: number;
}

/** What confident learning says of labels. */
export interface LabelIssues {
  /** The most certain first. */
  readonly issues: readonly LabelIssue[];
  /** Images whose labels were looked at: those that could be held out. */
  readonly images: number;
  /** Fraction of labels that are wrong, as estimated from the confident joint. */
  readonly noise: number;
}

/**
 * Labels that are probably wrong, by confident learning: C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning:
 * Estimating Uncertainty in Dataset Labels", JAIR 70, 2021.
 *
 * The threshold of a class is the mean probability that images with its label have of it. An image counts for the most
 * probable of the classes whose threshold it reaches. If this is neither its label nor less probable than that, the label
 * is an issue. Thresholds make classes comparable of which a model is sure to different degrees.
 *
 * @param probabilities float32 `[images, classes]`, each row by a model that was not fitted on the image; rows of NaN
 *   are left out
 */
export function confidentLearning(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): LabelIssues {
  const rowOf = (image: number) => probabilities.subarray(image * classes, (image + 1) * classes);
  const known = Array.from({ length: labels.length }, (_, image) => image).filter((image) =>
    Number.isFinite(probabilities[image * classes]),
  );
  const counts = new Float64Array(classes);
  const thresholds = new Float64Array(classes);
  for (const image of known) {
    counts[labels[image]]++;
    thresholds[labels[image]] += rowOf(image)[labels[image]];
  }
  for (let label = 0; label < classes; label++) {
    // A class without images is suggested for none.
    thresholds[label] = counts[label] === 0 ? Number.POSITIVE_INFINITY : thresholds[label] / counts[label];
  }
  const joint = Array.from({ length: classes }, () => new Float64Array(classes));
  const issues: LabelIssue[] = [];
  for (const image of known) {
    const row = rowOf(image);
    const label = labels[image];
    let confident = -1;
    for (let each = 0; each < classes; each++) {
      if (row[each] >= thresholds[each] && (confident < 0 || row[each] > row[confident])) confident = each;
    }
    if (confident < 0) continue;
    joint[label][confident]++;
    if (confident === label || row[confident] <= row[label]) continue;
    issues.push({
      image,
      label,
      suggested: confident,
      probability: row[confident],
      labelProbability: row[label],
    });
  }
  const margin = ({ labelProbability, probability }: LabelIssue) => labelProbability - probability;
  issues.sort((a, b) => margin(a) - margin(b) || a.image - b.image);
  return { issues, images: known.length, noise: noiseOf(joint, counts) };
}

/** The off-diagonal part of the joint distribution, each of whose rows sums to the images with that label. */
function noiseOf(joint: readonly Float64Array[], counts: Float64Array): number {
  let [wrong, total] = [0, 0];
  joint.forEach((row, label) => {
    const sum = row.reduce((all, each) => all + each, 0);
    if (sum === 0) return;
    wrong += (counts[label] * (sum - row[label])) / sum;
    total += counts[label];
  });
  return total === 0 ? 0 : wrong / total;
}
