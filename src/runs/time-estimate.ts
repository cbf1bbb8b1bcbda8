import { mirrorsSides } from '../data/augmentation/mirrors.ts';
import { averagedBy } from './averaged-by.ts';
import type { Hardware } from './hardware.ts';
import type { RunOptions, RunRecord } from './run-record.ts';

/** A run that is about to begin, as far as its length depends on it. */
export interface PlannedRun {
  readonly options: RunOptions;
  readonly images: { readonly train: number; readonly validation: number; readonly test: number };
  /** Of the images that the network sees. */
  readonly imageShape: { readonly height: number; readonly width: number };
}

/** A run that is finished, with a name for it. */
export interface PastRun {
  readonly id: string;
  readonly record: RunRecord;
}

/** An image that is evaluated takes about a third of one that is learned from: no gradient is computed. */
const EVALUATED = 1 / 3;

/**
 * How long a run will take, by the newest finished run of the same network on the same machine, on the same data where
 * there is one: in proportion to images, epochs and pixels.
 *
 * @param past newest first
 * @returns undefined where there is no such run
 */
export function timeEstimate(
  planned: PlannedRun,
  past: readonly PastRun[],
  hardware: Pick<Hardware, 'cpu' | 'cores'>,
): { readonly seconds: number; readonly run: string } | undefined {
  const alike = past.filter(
    ({ record }) =>
      record.result !== undefined &&
      record.result.seconds > 0 &&
      averagedBy(record.options) === undefined &&
      record.hardware.cpu === hardware.cpu &&
      record.hardware.cores === hardware.cores &&
      networkOf(record.options) === networkOf(planned.options),
  );
  const onSameData = alike.find(({ record }) => isSameData(record, planned.options.data));
  // Features that a head found in the cache took no time; those of other data are not there.
  const slowestFirst = planned.options.head ? [...alike].sort((a, b) => paceOf(b) - paceOf(a)) : alike;
  const like = onSameData ?? slowestFirst.at(0);
  return like && { seconds: paceOf(like) * workOf(planned), run: like.id };
}

/** Seconds that a finished run took for each unit of work. */
function paceOf({ record: { data, options, result } }: PastRun): number {
  const images = {
    train: data.train.images,
    validation: data.validation?.images ?? 0,
    test: data.test.images,
  };
  const { epochs, seconds } = result!;
  return seconds / workOf({ options: { ...options, epochs }, images, imageShape: data.imageShape });
}

function isSameData({ options, data }: RunRecord, wanted: string): boolean {
  return options.data === wanted || data.path === wanted;
}

/** What decides how long one image takes, besides its size. */
function networkOf({ recipe, recipeOptions, from, head, device, threads }: RunOptions): string {
  const network = from ? [from.hash, head !== undefined || from.trainable] : [recipe, recipeOptions ?? {}];
  return JSON.stringify([...network, device ?? 'cpu', threads]);
}

/** In images that are learned from, times their pixels. */
function workOf({ options, images, imageShape }: PlannedRun): number {
  const area = imageShape.height * imageShape.width;
  if (options.head !== undefined) {
    const views = mirrorsSides(options.augmentation) ? 2 : 1;
    return area * (views * images.train + images.validation + images.test);
  }
  return area * options.epochs * (images.train + EVALUATED * images.validation);
}
