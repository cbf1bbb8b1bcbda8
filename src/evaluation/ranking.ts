import { HarrierError } from '../errors.ts';
import { checkPredictions, type Predictions } from './predictions.ts';

/** What a threshold on the probability of one class does: an image counts as of the class from it on. */
export interface OperatingPoint {
  /** The least probability that counts as the class. */
  readonly threshold: number;
  /** Of the images that reach it, the fraction that is of the class. */
  readonly precision: number;
  /** Of the images of the class, the fraction that reaches it: the true-positive rate. */
  readonly recall: number;
  /** Of the images of other classes, the fraction that reaches it. */
  readonly falsePositiveRate: number;
}

/** How well the probability of one class tells its images from all others. */
export interface ClassRanking {
  readonly class: string;
  /** Images of the class. */
  readonly support: number;
  /** Area under the precision–recall curve, as a sum of steps; absent without images of the class. */
  readonly averagePrecision?: number;
  /** Area under the ROC curve: how often an image of the class gets a higher probability than one of another. */
  readonly rocAuc?: number;
  /**
   * All operating points, from the highest threshold to the lowest: the precision–recall and the ROC curve. Computed
   * when it is asked for: of many classes and images, all together would not fit into memory.
   */
  readonly curve: readonly OperatingPoint[];
}

/**
 * Precision–recall and ROC curves of every class against all others, or of every label. Images with equal probabilities share a point.
 *
 * Average precision is Σ (recall − recall before) · precision, without interpolation; the ROC area is by trapezoids.
 * Both are as in scikit-learn (`average_precision_score`, `roc_auc_score`).
 *
 * @throws HarrierError as `checkPredictions`
 */
export function classRankings(predictions: Predictions): ClassRanking[] {
  checkPredictions(predictions);
  const { probabilities, labels, tags, classNames } = predictions;
  const classes = classNames.length;
  return classNames.map((name, label) => {
    const scores = () => Float32Array.from(labels, (_, image) => probabilities[image * classes + label]);
    const isOwn = (image: number) => (tags ? tags[image * classes + label] === 1 : labels[image] === label);
    return {
      class: name,
      ...rankingOf(scores(), isOwn),
      get curve() {
        const curve: OperatingPoint[] = [];
        rankingOf(scores(), isOwn, (point) => curve.push(point));
        return curve;
      },
    };
  });
}

function rankingOf(
  scores: Float32Array,
  isOwn: (image: number) => boolean,
  onPoint: (point: OperatingPoint) => void = () => {},
): Omit<ClassRanking, 'class' | 'curve'> {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  const support = order.reduce((sum, image) => sum + Number(isOwn(image)), 0);
  const others = scores.length - support;
  let [own, foreign, averagePrecision, area, recallBefore, rateBefore] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < order.length; i++) {
    if (isOwn(order[i])) own++;
    else foreign++;
    const threshold = scores[order[i]];
    if (i + 1 < order.length && scores[order[i + 1]] === threshold) continue;
    const precision = own / (own + foreign);
    const recall = support === 0 ? 0 : own / support;
    const falsePositiveRate = others === 0 ? 0 : foreign / others;
    averagePrecision += (recall - recallBefore) * precision;
    area += ((falsePositiveRate - rateBefore) * (recall + recallBefore)) / 2;
    [recallBefore, rateBefore] = [recall, falsePositiveRate];
    onPoint({ threshold, precision, recall, falsePositiveRate });
  }
  return {
    support,
    ...(support > 0 && { averagePrecision }),
    ...(support > 0 && others > 0 && { rocAuc: area }),
  };
}

/**
 * The area under the ROC curve of scores that should be higher for some images than for others: how often one of these
 * has the higher score; ties count half.
 *
 * @param others scores of the images that should have low ones
 * @param own scores of the images that should have high ones
 * @returns from 0 to 1; 0.5 is chance, also where there are no images of a kind
 */
export function areaUnderRoc(others: ArrayLike<number>, own: ArrayLike<number>): number {
  const scores = Float32Array.from([...Array.from(others), ...Array.from(own)]);
  return rankingOf(scores, (image) => image >= others.length).rocAuc ?? 0.5;
}

/**
 * The threshold of a class that keeps a precision and loses the fewest of its images; undefined where none keeps it.
 *
 * @param precision the least that is asked for, above 0 and at most 1
 * @throws HarrierError `bad-option` for another number
 */
export function thresholdFor(
  { curve }: Pick<ClassRanking, 'curve'>,
  precision: number,
): OperatingPoint | undefined {
  if (!(precision > 0 && precision <= 1)) {
    throw new HarrierError('bad-option', 'precision', {
      expected: 'a fraction above 0 and at most 1, such as 0.95',
      received: `${precision}`,
    });
  }
  let best: OperatingPoint | undefined;
  for (const point of curve) {
    if (point.recall === 0 || point.precision < precision) continue;
    // Of equal recall the higher threshold came first: it lets fewer other images in.
    if (!best || point.recall > best.recall) best = point;
  }
  return best;
}
