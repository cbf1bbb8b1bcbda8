import type { Dataset } from '../../data/dataset.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import { type TrainingImages, trainingImages } from '../../runs/training-images.ts';

/**
 * A sentence for the user where the images that a run trained on are no longer those in its data; else undefined.
 *
 * @param opened the data of the run as it is now, with images of the run's size
 */
export function trainingDataNote(opened: TrainingImages, { options, data }: RunRecord): string | undefined {
  const now = imagesNow(opened, { options, data });
  if (now?.hash === data.train.hash) return undefined;
  return `Note: the images that the model was trained on have changed since (${data.train.name}).`;
}

/** Undefined where there are too few left to choose from as the run did. */
function imagesNow(
  opened: TrainingImages,
  { options, data }: Pick<RunRecord, 'options' | 'data'>,
): Dataset | undefined {
  try {
    return trainingImages(opened, options, data.rules ?? 1).images.train;
  } catch {
    return undefined;
  }
}
