import type { AugmentationConfig } from '../data/augmentation/index.ts';
import type { ClassWeight } from '../data/class-weight.ts';
import type { CorrectionCounts } from '../data/corrected.ts';
import type { FolderRules } from '../data/folder-rules.ts';
import { INTERPOLATIONS, RESIZES } from '../data/preprocessing.ts';
import type { Resolution } from '../data/resolution.ts';
import { TEST_TIME_AUGMENTATIONS } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import type { HeadFinding } from '../heads/index.ts';
import { jsonObject } from '../json-text.ts';
import type { LossOptions } from '../losses/index.ts';
import type { ForeignReading, NetworkConfig } from '../models/index.ts';
import type { OptimizerConfig } from '../optimizers/index.ts';
import { check } from '../options/check.ts';
import {
  columnNames,
  count,
  flag,
  fraction,
  list,
  mergedClasses,
  names,
  number,
  oneOf,
  optional,
  type Schema,
  text,
  tunedPart,
} from '../options/kinds.ts';
import { TEST_SPLIT } from '../options/range.ts';
import { HEADS, SAMPLINGS, SPLITS } from '../options/words.ts';
import { z } from '../options/zod.ts';
import type { RecipeOptions } from '../recipes/index.ts';
import { DEVICES } from './device.ts';
import { type Fields, fields, made, unchecked } from './fields.ts';
import { hardware } from './hardware.ts';

// The schema of `run.json` and its types are one thing: a field stands here, and nowhere else.

const anyText = text({ empty: true });
const fromZero = number({ atLeast: 0, whole: true });
const portion = number({ atLeast: 0, atMost: 1 });
const anything = z.unknown();

const SOURCE = fields({
  /** An address, or `hf:OWNER/NAME`. */
  address: anyText,
  /** Of the hub's repository. */
  commit: optional(anyText),
  /** SPDX identifier. */
  license: optional(anyText),
});

const FINE_TUNED_FROM = {
  /** For people: a path from where the run began, or the name of the model that comes with Harrier. */
  name: anyText,
  /** Its file: an absolute path. Absent for the model that comes with Harrier, wherever that lies. */
  path: optional(anyText),
  /** SHA-256 of the file, hex. */
  hash: anyText,
  /** What is trained: a new last layer alone, the last layers, or all. */
  trainable: tunedPart,
  /** How a model of another program was read: pixels, size, features; so that it is read alike again. */
  reading: unchecked<ForeignReading>(anything),
  /** Side of the images that its network was given in place of its own. */
  imageSize: optional(count),
  /** Where a model of the catalogue or the hub came from, pinned. */
  source: optional(SOURCE),
  /** Of a model that was trained here: the pretrained network that it began with itself. */
  origin: optional(fields({ name: anyText, hash: anyText, source: optional(SOURCE) })),
};

/** The model that a run is fine-tuned from, as `run.json` names it. */
export type FineTunedFrom = Fields<typeof FINE_TUNED_FROM>;

const OPTIONS = {
  recipe: anyText,
  /** The user's own file that the recipe came from: an absolute path. */
  recipeFile: unchecked<string>(anything),
  /** Options that the recipe built its network with, after defaults. */
  recipeOptions: unchecked<RecipeOptions>(anything),
  /** What is fine-tuned, where the network is not a recipe's. */
  from: optional(fields(FINE_TUNED_FROM)),
  /** The kind of last layer that was fitted on features; absent where layers are trained by steps. */
  head: optional(oneOf(HEADS)),
  /** As it was given: `cifar10` or a path. */
  data: anyText,
  /** Images have any number of labels; absent: each has one class. */
  multiLabel: optional(flag),
  /** Names of the columns that say which image and which label are meant, where they have no usual ones. */
  columns: optional(columnNames),
  /** The expression over paths that names the class of each image. */
  labelBy: optional(anyText),
  /** Classes that took the images of others. */
  merge: optional(mergedClasses),
  /** The classes that were used, where not all. */
  classes: optional(names),
  epochs: count,
  /** The longest that the training may take, in seconds: the epochs were chosen to fit. */
  time: optional(number({ above: 0 })),
  /** After the head, all layers are trained; the model that is better on validation images is kept. */
  thenFineTune: optional(flag),
  batchSize: count,
  seed: fromZero,
  /** Training images used, where not all. */
  limit: optional(count),
  threads: count,
  /** What computed; absent is the processor. */
  device: optional(oneOf(DEVICES)),
  optimizer: made<OptimizerConfig>(),
  loss: made<LossOptions>(),
  /** Images that go through the network at once, at most; absent: the whole batch. */
  microBatch: optional(count),
  /** How much of the average of the weights stays at each step; absent: no average is kept. */
  averageMomentum: optional(fraction),
  /** Random changes of the training images, one after another. */
  augmentation: unchecked<readonly AugmentationConfig[]>(anything),
  /** Which images an epoch shows. */
  sampling: optional(oneOf(SAMPLINGS)),
  /** How much the images of each class count in the loss. */
  classWeight: unchecked<ClassWeight>(anything),
  /** The sizes of the images from epoch to epoch, where they change. */
  resolution: unchecked<Resolution>(anything),
  validationSplit: fraction,
  earlyStopping: optional(count),
  /** Whether validation images choose the epoch whose weights are kept; absent is true. */
  keepBest: optional(flag),
  imageSize: optional(count),
  /** How images come to the size; absent: they are stretched, as they always were. */
  preprocessing: optional(
    fields({
      resize: oneOf(RESIZES),
      cropFraction: number({ above: 0, atMost: 1 }),
      interpolation: oneOf(INTERPOLATIONS),
    }),
  ),
  source: optional(oneOf(['original', 'npm'])),
  skipBad: flag,
  /** Fraction of the images that was kept for testing; absent: 0.2, or the data's own test part. */
  testSplit: optional(number(TEST_SPLIT)),
  /** The expression over paths that names the group of each image. */
  groupBy: optional(anyText),
  /** `time`: the newest images are the test images. */
  splitBy: optional(oneOf(SPLITS)),
  /** Part of a cross-validation: `held` is the fold that the run holds out, from 1; without it the run is on all images. */
  folds: optional(fields({ count, held: optional(count), ensemble: optional(flag) })),
  /** The model averages those of runs that differ by these seeds alone; `seed` is the first. */
  seeds: optional(list(fromZero, { atLeast: 2, words: 'a list of seeds' })) as Schema<
    readonly number[] | undefined
  >,
  /** `none`: the data as it lies, without the label corrections of its owner; absent: with them. */
  marks: optional(oneOf(['none'])),
  /** Views of each image that the finished model averages; absent is `none`. */
  testTimeAugmentation: optional(oneOf(TEST_TIME_AUGMENTATIONS)),
  /** Only images that the model is unsure of get the views after the first; absent: all do. */
  adaptiveViews: optional(flag),
  /** The model tells images that show none of its classes, and keeps this fraction of the others; absent: it does not. */
  reject: optional(number({ above: 0, below: 1 })),
  /** Whether a temperature is fitted on the validation images; absent is true. */
  calibrate: optional(flag),
};

/** Every option of a run, after defaults. An absent option was not set and has no default. */
export type RunOptions = Fields<typeof OPTIONS>;

const part = fields({
  /** `cifar10/train`, `./photos/test`. */
  name: anyText,
  images: fromZero,
  /** SHA-256, hex. */
  hash: anyText,
});

const DATA = {
  /** Where the data lies, if it is a folder: an absolute path. */
  path: optional(anyText),
  train: part,
  validation: optional(part),
  test: part,
  /** All images that a cross-validation divides into folds. */
  pool: optional(part),
  classNames: list(anyText, { atLeast: 1, words: 'a list of texts' }) as Schema<readonly string[]>,
  imageShape: fields({ height: count, width: count, channels: count }),
  /** How a folder was read and split (`FolderRules`); absent is 1. */
  rules: unchecked<FolderRules>(z.literal([1, 2, 3, 4], { error: '1, 2, 3 or 4' })),
  /** Labels that its owner changed and images that were left out; a resumed run keeps them, whatever comes later. */
  marks: optional(
    fields({
      train: unchecked<CorrectionCounts>(anything) as Schema<CorrectionCounts>,
      test: unchecked<CorrectionCounts>(anything) as Schema<CorrectionCounts>,
      validation: unchecked<CorrectionCounts>(anything),
      images: z.record(z.string(), fields({ label: optional(anyText), excluded: optional(flag) }), {
        error: 'an object',
      }),
    }),
  ),
};

/** The data that a run was made with. */
export type RunData = Fields<typeof DATA>;

const onValidation = fields({ accuracy: portion, loss: number({ atLeast: 0 }) });

const COMPARED = {
  /** Validation images that both models were compared on; neither was trained on them. */
  images: count,
  /** A head that was fitted on the other training images. */
  head: onValidation,
  fineTuned: onValidation,
  kept: oneOf(['head', 'fineTuned']),
};

/** What decided between a head on features and a network whose layers were all trained. */
export type ComparedModels = Fields<typeof COMPARED>;

const RESULT = {
  ended: oneOf(['finished', 'early']),
  finished: anyText,
  /** Wall time of all epochs, in seconds. */
  seconds: number({ atLeast: 0 }),
  epochs: count,
  /** The epoch whose weights the model has; without validation it is the last. */
  bestEpoch: optional(count),
  /** Running training accuracy of the epoch whose weights the model has. */
  trainingAccuracy: portion,
  testAccuracy: portion,
  /** Of a model that gives images any number of labels; the accuracies then count images whose labels are all right. */
  meanAveragePrecision: optional(portion),
  /** How the last layer was found, where it was fitted on features. */
  head: unchecked<HeadFinding>(anything),
  /** Where all layers were trained after a head: what decided which of the two models is this one. */
  compared: optional(fields(COMPARED)),
};

/** How a head was found. */
export type HeadRecord = HeadFinding;

/** What came of a run. */
export type RunResult = Fields<typeof RESULT>;

const RECORD = {
  format: count,
  /** Identity of the run, which its checkpoints name. Absent where an older version began it. */
  id: optional(anyText),
  command: anyText,
  created: anyText,
  /** Of a trial of a sweep: SHA-256 of what decides it. Another sweep's trial of the same number has another. */
  trial: optional(anyText),
  options: fields(OPTIONS),
  data: fields(DATA),
  network: made<NetworkConfig>(),
  versions: made<Readonly<Record<string, string>>>(),
  hardware,
  /** Absent until the run has finished. */
  result: optional(fields(RESULT)),
};

/** `run.json`: everything that is needed to do the run again, or to resume it. */
export type RunRecord = Fields<typeof RECORD>;

const record = fields(RECORD);

/** Raised when an older version would misread a record. */
export const RUN_FORMAT = 1;

const REMEDY = 'Restore the file, or start a new run.';

/**
 * Reads a `run.json`.
 * @throws HarrierError `bad-checkpoint` when it is damaged or from a newer version, or a field cannot be used
 */
export function readRecord(text: string, where: string): RunRecord {
  const content = jsonObject(text);
  if (!content) {
    throw new HarrierError('bad-checkpoint', 'the record of this run cannot be read', {
      where,
      expected: 'a JSON object',
      next: REMEDY,
    });
  }
  const format = Number(content.format);
  if (format > RUN_FORMAT) {
    throw new HarrierError('bad-checkpoint', 'this run was made by a newer version of Harrier', {
      where,
      expected: `format ${RUN_FORMAT} or older`,
      received: `format ${format}`,
      next: 'Update Harrier.',
    });
  }
  if (!(format >= 1)) {
    throw new HarrierError('bad-checkpoint', 'this is not the record of a run', {
      where,
      expected: `a record of format ${RUN_FORMAT}`,
      next: REMEDY,
    });
  }
  check(record, content, {
    code: 'bad-checkpoint',
    where,
    summary: (field) => `its field "${field}" cannot be used`,
    next: REMEDY,
  });
  // As it was read: fields keep their order when the record is written again.
  return content as unknown as RunRecord;
}

/**
 * Makes something of a field of a `run.json`.
 * @throws HarrierError `bad-checkpoint` that names the field when it cannot be made
 */
export function fromField<T>(field: string, where: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const reason = cause instanceof HarrierError ? cause.message : 'it is malformed';
    throw new HarrierError('bad-checkpoint', `its field "${field}" cannot be used: ${reason}`, {
      where,
      next: REMEDY,
      cause,
    });
  }
}
