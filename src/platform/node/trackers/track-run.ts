import { basename } from 'node:path';
import sharp from 'sharp';
import { type Dataset, imageBytes } from '../../../data/dataset.ts';
import type { PreparedRun } from '../../../runs/prepare-run.ts';
import type { RunRecord } from '../../../runs/run-record.ts';
import type { FinishedOutcome } from '../../../runs/train-run.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import { runNameOf } from '../runs/run-name.ts';
import { confusionImage } from './confusion-image.ts';
import { Followed } from './follow.ts';
import type { TrackedImage, TrackedResult, Tracker } from './tracker.ts';

/** Training images that trackers show. */
const SAMPLES = 8;

/** Begins to tell trackers of a run. @param onLost told when one is lost, a sentence each */
export async function trackRun(
  trackers: readonly Tracker[],
  { train }: Pick<PreparedRun, 'train'>,
  { id, options, versions }: RunRecord,
  folder: RunFolder,
  onLost: (sentence: string) => void,
): Promise<Followed> {
  const followed = new Followed(trackers, onLost);
  if (trackers.length === 0) return followed;
  followed.begin({
    id: id ?? folder.path,
    name: runNameOf(folder.path),
    folder: folder.path,
    parameters: { ...flat(options), ...flat(versions, 'versions.') },
    samples: await samplesOf(train),
  });
  return followed;
}

/** What trackers are told of a finished run. */
export async function trackedResult(
  { record, evaluation }: FinishedOutcome,
  folder: RunFolder,
): Promise<TrackedResult> {
  const files = (['model', 'card', 'report', 'evaluation'] as const).map((file) => ({
    name: basename(folder.file(file)),
    path: folder.file(file),
  }));
  const confusion = evaluation.multiLabel ? undefined : await confusionImage(evaluation);
  return { epochs: record.result!.epochs, evaluation, ...(confusion && { confusion }), files };
}

/** Nested options by names with dots: `optimizer.learningRate`. */
function flat(value: object, before = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]): [string, string][] => {
      const name = `${before}${key}`;
      if (each === undefined) return [];
      if (typeof each !== 'object' || each === null) return [[name, `${each}`]];
      if (Array.isArray(each)) return [[name, JSON.stringify(each)]];
      return Object.entries(flat(each, `${name}.`));
    }),
  );
}

async function samplesOf(train: Dataset): Promise<TrackedImage[]> {
  const { height, width, channels } = train.imageShape;
  const raw = { height, width, channels: channels as 3 };
  const count = Math.min(SAMPLES, train.size);
  const places = Array.from({ length: count }, (_, i) => Math.floor((i * train.size) / count));
  const pixels = new Uint8Array(imageBytes(train.imageShape) * count);
  train.gather(places, pixels);
  return Promise.all(
    places.map(async (_, i) => {
      const one = pixels.subarray(i * imageBytes(train.imageShape), (i + 1) * imageBytes(train.imageShape));
      return { png: await sharp(one, { raw }).png().toBuffer(), width, height };
    }),
  );
}
