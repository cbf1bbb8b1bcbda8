import { type BatchPlan, checkBatchPlan, imageShapesOf } from '../data/batch-plan.ts';
import type { Dataset } from '../data/dataset.ts';
import { HarrierError } from '../errors.ts';
import { isMultiLabel, type LossOptions } from '../losses/index.ts';
import { exponentialMovingAverageScalars } from '../optimizers/index.ts';
import type { FitOptions } from './fit-options.ts';

/** What the batches of a run follow from. */
export function batchPlan({
  train: dataset,
  batchSize,
  seed,
  augmentation,
  sampling,
  classWeight,
  resolution,
}: Omit<FitOptions, 'optimizer' | 'runtime' | 'clock'>): BatchPlan {
  return { dataset, batchSize, seed, augmentation, sampling, classWeight, resolution };
}

/** The checks of `fit`, for callers that run them before other work. */
export function checkFit(options: Omit<FitOptions, 'optimizer' | 'runtime' | 'clock'>): void {
  const {
    network,
    train,
    validation,
    epochs,
    batchSize,
    microBatch,
    averageMomentum,
    seed,
    earlyStopping,
    resume,
  } = options;
  const whole = (option: string, value: number, atLeast = 1): void => {
    if (Number.isInteger(value) && value >= atLeast) return;
    throw new HarrierError('bad-option', option, {
      expected: `a whole number of at least ${atLeast}`,
      received: `${value}`,
    });
  };
  whole('epochs', epochs);
  whole('batchSize', batchSize);
  if (microBatch !== undefined) whole('microBatch', microBatch);
  if (averageMomentum !== undefined) exponentialMovingAverageScalars(averageMomentum);
  whole('seed', seed, 0);
  if (earlyStopping !== undefined) {
    whole('earlyStopping', earlyStopping);
    if (!validation) {
      throw new HarrierError('bad-option', 'early stopping needs validation images', {
        next: 'Set a validation split, such as 0.1. Test images are never used for this.',
        options: ['validationSplit'],
      });
    }
  }
  for (const data of [train, validation]) {
    if (!data) continue;
    checkLabels(data, options.loss);
    if (data.size === 0) throw new HarrierError('bad-data', 'it has no images', { where: data.name });
    const [height, width] = network.inputShape;
    if (data.imageShape.height !== height || data.imageShape.width !== width) {
      throw new HarrierError('bad-data', "its images do not have the network's size", {
        where: data.name,
        expected: `${width} × ${height}`,
        received: `${data.imageShape.width} × ${data.imageShape.height}`,
      });
    }
    if (data.classNames.length !== network.outputSize) {
      throw new HarrierError(
        'bad-data',
        "its number of classes differs from the network's number of outputs",
        {
          where: data.name,
          expected: `${network.outputSize}`,
          received: `${data.classNames.length}`,
        },
      );
    }
  }
  const plan = batchPlan(options);
  checkBatchPlan(plan);
  for (const { height, width } of imageShapesOf(plan)) network.checkImageSize(height, width);
  checkSameClasses(train.classNames, validation);
  if (resume && JSON.stringify(resume.network) !== JSON.stringify(network.config())) {
    throw new HarrierError('bad-checkpoint', 'this checkpoint belongs to another model', {
      expected: network.name,
      received: resume.network.name,
      next: 'Resume with the recipe that wrote it.',
    });
  }
}

/** A label means a class by its place: with other names in its place it would be evaluated as another class. */
function checkSameClasses(classNames: readonly string[], validation: Dataset | undefined): void {
  const stranger = validation?.classNames.findIndex((name, label) => name !== classNames[label]) ?? -1;
  if (stranger < 0) return;
  throw new HarrierError('bad-data', `its class ${stranger} has another name than in the training data`, {
    where: validation!.name,
    expected: `"${classNames[stranger]}"`,
    received: `"${validation!.classNames[stranger]}"`,
    next: 'Give both the same classes in the same order.',
  });
}

/** @throws HarrierError `bad-option` for a loss of images of one class with images of several labels, or the reverse */
function checkLabels({ name, tags }: Dataset, loss: LossOptions | undefined): void {
  if ((tags !== undefined) === isMultiLabel(loss)) return;
  throw new HarrierError('bad-option', 'the loss does not suit the labels of the images', {
    where: name,
    expected: tags
      ? 'a loss of several labels: binaryCrossentropy or asymmetric'
      : 'categorical cross-entropy',
    received: loss?.name ?? 'categorical cross-entropy',
  });
}
