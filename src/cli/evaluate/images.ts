import { stat } from 'node:fs/promises';
import type { ImageInput } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import type { Classifier } from '../../models/index.ts';
import {
  builtInData,
  type EvaluationImages,
  evaluationImages,
  type KnownTraining,
} from '../../platform/node/datasets/evaluation-images.ts';
import { type LabelRules, labelRules } from '../../platform/node/datasets/label-rules.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import type { Reporter } from '../reporter.ts';
import { trainingDataNote } from './training-data.ts';

/** Options of `evaluate` and `export` that say which images are meant. */
export interface ImagesOptions extends LabelRules {
  readonly data?: string;
  readonly split?: 'test' | 'train';
  readonly imageSize?: number;
  readonly source?: 'original' | 'npm';
  readonly skipBad?: boolean;
  readonly marks?: 'none';
  /** What else is to be known of each image. */
  readonly by?: string;
}

/**
 * The images to evaluate a model on: those of `--data`, else of its run's own data, else of the built-in data set that
 * its file names.
 *
 * @returns undefined where nothing says which
 * @throws HarrierError `not-supported` for a model whose images are not square; when the data cannot be opened
 */
export async function imagesFor(
  { modelFile, run }: ModelSource,
  { imageShape, metadata, thresholds }: Pick<Classifier, 'imageShape' | 'metadata' | 'thresholds'>,
  { data, split, imageSize = imageShape.width, source, skipBad, marks, by, ...others }: ImagesOptions,
  reporter: Reporter,
): Promise<EvaluationImages | undefined> {
  checkSquare(imageShape, modelFile);
  const record = await run?.record();
  const known = knownTraining(record, metadata);
  const { preprocessing } = imageShape;
  const multiLabel = thresholds !== undefined;
  const rules = labelRules(others);
  const reading = { imageSize, preprocessing, source, multiLabel, ...rules };
  const options = { split, by, ...reading, onProgress: reporter.work };
  if (data !== undefined) {
    return evaluationImages(data, known, { ...options, skipBad, marks: marks && false });
  }
  if (!record) {
    const builtIn = builtInData(known);
    return builtIn === undefined ? undefined : evaluationImages(builtIn, known, options);
  }
  const { options: own, data: then } = record;
  const isHere = then.path === undefined || (await stat(own.data).catch(() => undefined));
  const spec = isHere ? own.data : then.path!;
  const images = await evaluationImages(
    spec,
    { ...known, path: spec },
    { ...options, skipBad: skipBad ?? own.skipBad, marks: (marks ?? own.marks) && false },
  );
  // Of images of another size, or with other labels, nothing can be said.
  const isAlike =
    imageSize === then.imageShape.width && marks === undefined && Object.keys(rules).length === 0;
  if (isAlike && images.part === 'test' && images.dataset.hash !== then.test.hash) {
    reporter.note(`Note: ${images.dataset.name} has changed since the model was evaluated on it.`);
  }
  const isAsTrained = isAlike && skipBad === undefined;
  const changed = isAsTrained && images.opened ? trainingDataNote(images.opened, record) : undefined;
  if (changed) reporter.note(changed);
  return images;
}

/** Data sets are read as square images. */
function checkSquare({ height, width }: ImageInput, where: string): void {
  if (height === width) return;
  throw new HarrierError(
    'not-supported',
    'data sets are read as square images, and this model takes others',
    {
      where,
      received: `a model of images of ${width} × ${height} pixels (width × height)`,
      next: 'Classify the images without a data set: npx harrier predict MODEL FOLDER --csv.',
    },
  );
}

function knownTraining(
  record: RunRecord | undefined,
  metadata: Readonly<Record<string, string>>,
): KnownTraining {
  return {
    ...(record && {
      path: record.data.path,
      rules: record.data.rules ?? 1,
      options: record.options,
    }),
    trainHash: metadata['harrier.trainingDataHash'],
    testHash: metadata['harrier.testDataHash'],
  };
}
