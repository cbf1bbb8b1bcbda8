import type { AugmentationConfig } from '../data/augmentation/index.ts';
import {
  isStretched,
  type Preprocessing,
  type Resize,
  STRETCHED,
  withResize,
} from '../data/preprocessing.ts';
import { HarrierError } from '../errors.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { ADAPTIVE_VIEWS, type LOSSES, type ViewChoice } from '../options/words.ts';
import type { TrainingMethod } from '../recipes/index.ts';
import { checkMultiLabel } from './check-multi-label.ts';
import type { RunOptions } from './run-record.ts';

/** Options of a run that a person may give, besides the settings of its recipe. */
export interface GivenOptions
  extends Partial<
    Pick<
      RunOptions,
      | 'data'
      | 'seed'
      | 'limit'
      | 'device'
      | 'sampling'
      | 'classWeight'
      | 'microBatch'
      | 'averageMomentum'
      | 'resolution'
      | 'earlyStopping'
      | 'imageSize'
      | 'source'
      | 'skipBad'
      | 'testSplit'
      | 'groupBy'
      | 'splitBy'
      | 'marks'
      | 'calibrate'
      | 'keepBest'
      | 'reject'
      | 'head'
      | 'time'
      | 'multiLabel'
      | 'columns'
      | 'labelBy'
      | 'merge'
      | 'classes'
    >
  > {
  readonly threads: number;
  /** With `multiLabel`: which loss of several labels. */
  readonly loss?: (typeof LOSSES)[number];
  /** Fraction of each target that is smoothed, where that was given and is not the method's own. */
  readonly labelSmoothing?: number;
  /** Which part of a cross-validation it is. */
  readonly fold?: RunOptions['folds'];
  /** How images come to the size, in place of the starting model's way. */
  readonly resize?: Resize;
  /** In place of the method's augmentation. */
  readonly augment?: readonly AugmentationConfig[];
}

/**
 * The views of a run's model.
 * @param own what adaptive views choose among, where that is more than the image; else it is the mirror image
 */
export function viewsOfRun(
  chosen: ViewChoice | undefined,
  own: ViewChoice = 'none',
): Pick<RunOptions, 'testTimeAugmentation' | 'adaptiveViews'> {
  if (chosen !== ADAPTIVE_VIEWS) return { testTimeAugmentation: chosen };
  const hasViews = own !== 'none' && own !== ADAPTIVE_VIEWS;
  return { testTimeAugmentation: hasViews ? own : 'flip', adaptiveViews: true };
}

/**
 * The options that every run has: what was given, else those of the method that it is trained by.
 * @param startingModel what is trained on, where there is such a model: its images stay as they were
 */
export function runOptions(
  method: TrainingMethod,
  given: GivenOptions,
  startingModel: { readonly preprocessing: Preprocessing } = { preprocessing: STRETCHED },
): RunOptions {
  checkMultiLabel(given);
  const { preprocessing: own } = startingModel;
  const preprocessing = given.resize === undefined ? own : withResize(own, given.resize);
  return {
    recipe: method.name,
    ...(given.head && { head: given.head }),
    data: given.data ?? 'cifar10',
    epochs: method.epochs,
    batchSize: method.batchSize,
    seed: given.seed ?? 1,
    limit: given.limit,
    threads: given.threads,
    // The processor goes without saying.
    ...(given.device === 'gpu' && { device: given.device }),
    optimizer: optimizerFrom(method.optimizer).config,
    loss: lossOf(method, given),
    ...(given.multiLabel && { multiLabel: true }),
    ...(given.columns && { columns: given.columns }),
    ...(given.labelBy !== undefined && { labelBy: given.labelBy }),
    ...(given.merge && { merge: given.merge }),
    ...(given.classes && { classes: given.classes }),
    augmentation: given.augment ?? method.augmentation,
    sampling: given.sampling ?? method.sampling,
    classWeight: given.classWeight ?? method.classWeight,
    microBatch: given.microBatch ?? method.microBatch,
    averageMomentum: given.averageMomentum ?? method.averageMomentum,
    resolution: given.resolution ?? method.resolution,
    validationSplit: method.validationSplit,
    earlyStopping: given.earlyStopping,
    ...((given.keepBest === false || method.keepBest === false) && { keepBest: false }),
    ...(given.time !== undefined && { time: given.time }),
    imageSize: given.imageSize,
    ...((given.resize || !isStretched(own)) && { preprocessing }),
    source: given.source,
    skipBad: given.skipBad ?? false,
    ...(given.testSplit !== undefined && { testSplit: given.testSplit }),
    ...(given.groupBy !== undefined && { groupBy: given.groupBy }),
    ...(given.splitBy && { splitBy: given.splitBy }),
    ...(given.fold && { folds: given.fold }),
    ...(given.marks && { marks: given.marks }),
    ...(given.reject !== undefined && { reject: given.reject }),
    ...(given.calibrate === false && { calibrate: false }),
  };
}

/**
 * The loss of a method; of images with any number of labels one of theirs, whose targets are as sure as they were given:
 * a method's own smoothing is for one class of many.
 *
 * @throws HarrierError `bad-option` for a loss of several labels without them
 */
function lossOf(
  method: TrainingMethod,
  { multiLabel, loss, labelSmoothing }: GivenOptions,
): RunOptions['loss'] {
  if (multiLabel) {
    return {
      name: loss === 'asymmetric' ? 'asymmetric' : 'binaryCrossentropy',
      ...(labelSmoothing !== undefined && { labelSmoothing }),
    };
  }
  if (loss !== 'asymmetric') return method.loss ?? {};
  throw new HarrierError('bad-option', 'this loss is for images with several labels', {
    where: '--loss asymmetric',
    next: 'Add --multi-label, or leave it out.',
  });
}
