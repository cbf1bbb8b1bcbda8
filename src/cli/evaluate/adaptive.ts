import { measureInTurns } from '../../benchmark/index.ts';
import { type Dataset, imageBytes } from '../../data/dataset.ts';
import {
  type AdaptiveEvaluation,
  adaptiveViewsLines,
  evaluateAdaptiveViews,
  type Predictions,
} from '../../evaluation/index.ts';
import { formatQuantity } from '../../format/format.ts';
import { Classifier } from '../../models/index.ts';
import { predictionsOf } from '../../runs/predictions-of.ts';
import type { Runtime } from '../../runtime/index.ts';
import type { Reporter } from '../reporter.ts';
import type { AdaptiveModel } from './adaptive-model.ts';

/** Images that a rate is measured on, and those that run together. */
const RATE_IMAGES = 256;
const BATCH = 16;
const ROUNDS = 3;

/** Compares adaptive views with one look and with all views, on the same images, and measures their rates. */
export async function evaluateAdaptive(
  { model, none, full, views, below, chosen }: AdaptiveModel,
  adaptive: Predictions,
  dataset: Dataset,
  runtime: Runtime,
  reporter: Reporter,
): Promise<AdaptiveEvaluation> {
  const first = await predictionsOf(runtime, none, dataset, 'one view', reporter.work);
  const all = await predictionsOf(runtime, full, dataset, 'all views', reporter.work);
  const compared = evaluateAdaptiveViews({ first, adaptive, full: all }, views, { ...chosen, below });
  const rates = await ratesOf([none, model, full], dataset, runtime);
  const [one, own, every] = compared.ways.map((way, i) => ({ ...way, imagesPerSecond: rates[i] }));
  return { ...compared, ways: [one, own, every], threads: runtime.threads ?? 1 };
}

/** The same for a terminal. */
export function adaptiveText(compared: AdaptiveEvaluation): string[] {
  const { threads = 1 } = compared;
  return [
    '',
    ...adaptiveViewsLines(compared),
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
