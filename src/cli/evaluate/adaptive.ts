import { measureInTurns } from '../../benchmark/index.ts';
import { type Dataset, imageBytes } from '../../data/dataset.ts';
import type { TestTimeAugmentation } from '../../data/views.ts';
import { answersOf, evaluatePredictions, mcnemar, type Predictions } from '../../evaluation/index.ts';
import { aligned, formatCount, formatInterval, formatPercent, formatQuantity } from '../../format/format.ts';
import { Classifier } from '../../models/index.ts';
import { predictionsOf } from '../../runs/predictions-of.ts';
import type { Runtime } from '../../runtime/index.ts';
import type { Reporter } from '../reporter.ts';
import type { AdaptiveModel } from './adaptive-model.ts';

/** Images that a rate is measured on, and those that run together. */
const RATE_IMAGES = 256;
const BATCH = 16;
const ROUNDS = 3;

/** What one way to look at images gives and costs. */
interface Way {
  readonly views: TestTimeAugmentation | 'adaptive';
  /** Fraction of the images that are looked at again. */
  readonly again: number;
  readonly accuracy: number;
  readonly interval95: readonly [number, number];
  readonly imagesPerSecond: number;
}

/** Adaptive views against another way: images that only one of the two names rightly. */
interface Against {
  readonly views: TestTimeAugmentation;
  readonly points: number;
  readonly gained: number;
  readonly lost: number;
  /** McNemar's test. */
  readonly p: number;
}

/** What adaptive views gain and cost on some images. */
export interface AdaptiveEvaluation {
  readonly below: number;
  /** What the threshold was chosen on, where this run chose it. */
  readonly validation?: { readonly images: number; readonly again: number };
  readonly ways: readonly Way[];
  readonly against: readonly Against[];
  readonly threads: number;
}

/** Compares adaptive views with one look and with all views, on the same images. */
export async function evaluateAdaptive(
  { model, none, full, views, below, chosen }: AdaptiveModel,
  predictions: Predictions,
  dataset: Dataset,
  runtime: Runtime,
  reporter: Reporter,
): Promise<AdaptiveEvaluation> {
  const one = await predictionsOf(runtime, none, dataset, 'one view', reporter.work);
  const all = await predictionsOf(runtime, full, dataset, 'all views', reporter.work);
  const rates = await ratesOf([none, model, full], dataset, runtime);
  const again = answersOf(one).filter(({ sure }) => sure < below).length / dataset.size;
  const way = (kind: Way['views'], part: number, of: Predictions, imagesPerSecond: number): Way => {
    const { accuracy, interval95 } = evaluatePredictions(of);
    return { views: kind, again: part, accuracy, interval95, imagesPerSecond };
  };
  const right = answersOf(predictions).map(({ isRight }) => isRight);
  const against = (kind: TestTimeAugmentation, of: Predictions): Against => {
    const { onlyFirst, onlySecond, p } = mcnemar(
      right,
      answersOf(of).map(({ isRight }) => isRight),
    );
    const points = (100 * (onlyFirst - onlySecond)) / dataset.size;
    return { views: kind, points, gained: onlyFirst, lost: onlySecond, p };
  };
  return {
    below,
    ...(chosen && { validation: { images: chosen.images, again: chosen.again } }),
    ways: [
      way('none', 0, one, rates[0]),
      way('adaptive', again, predictions, rates[1]),
      way(views, 1, all, rates[2]),
    ],
    against: [against('none', one), against(views, all)],
    threads: runtime.threads ?? 1,
  };
}

/** The same for a terminal. */
export function adaptiveText({ below, validation, ways, against, threads }: AdaptiveEvaluation): string[] {
  const chosen = validation
    ? `, chosen on ${formatQuantity(validation.images, 'validation image')} (${formatPercent(validation.again / validation.images, 1)} below)`
    : '';
  const fastest = ways[0].imagesPerSecond;
  const table = aligned([
    ['views', 'seen again', 'accuracy', '95% interval', 'images/s', ''],
    ...ways.map(({ views, again, accuracy, interval95, imagesPerSecond }) => [
      views,
      formatPercent(again, 1),
      formatPercent(accuracy),
      formatInterval(interval95),
      formatCount(Math.round(imagesPerSecond)),
      `${(imagesPerSecond / fastest).toFixed(2)}×`,
    ]),
  ]);
  return [
    '',
    `Adaptive views: an image is seen again where its largest probability is below ${below.toFixed(3)}${chosen}.`,
    ...table,
    ...against.map(({ views, points, gained, lost, p }) => {
      const sign = points < 0 ? '−' : '+';
      return `adaptive against ${views}: ${sign}${Math.abs(points).toFixed(2)} points; ${formatQuantity(gained, 'image')} gained, ${formatCount(lost)} lost (McNemar p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`})`;
    }),
    `(${formatQuantity(threads, 'thread')}, ${BATCH} images at a time, measured in turns)`,
  ];
}

/** Images a second of each model: of images of the data set, since these decide how many are seen again. */
async function ratesOf(
  models: readonly AdaptiveModel['model'][],
  dataset: Dataset,
  runtime: Runtime,
): Promise<number[]> {
  const size = imageBytes(dataset.imageShape);
  const count = Math.min(RATE_IMAGES, dataset.size);
  const pixels = new Uint8Array(count * size);
  const spread = Array.from({ length: count }, (_, i) => Math.floor((i * dataset.size) / count));
  dataset.gather(spread, pixels);
  const classifiers: Classifier[] = [];
  try {
    for (const model of models) classifiers.push(await Classifier.load(runtime, model));
    const times = await measureInTurns(
      classifiers.map((classifier) => async () => {
        for (let at = 0; at < count; at += BATCH) {
          await classifier.predict(pixels.slice(at * size, Math.min(count, at + BATCH) * size));
        }
      }),
      { clock: () => performance.now(), rounds: ROUNDS },
    );
    return times.map((time) => (1000 * count) / time);
  } finally {
    for (const classifier of classifiers) await classifier.dispose();
  }
}
