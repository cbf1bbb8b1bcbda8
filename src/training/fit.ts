import {
  type BatchPlan,
  checkBatchPlan,
  imageShapesOf,
  stepsPerEpoch as stepsOf,
} from '../data/batch-plan.ts';
import { type OpenBatches, openBatches } from '../data/batches.ts';
import { classWeights } from '../data/class-weight.ts';
import type { Dataset } from '../data/dataset.ts';
import { HarrierError } from '../errors.ts';
import {
  type EpochRecord,
  evaluatePredictions,
  evenThresholds,
  type History,
  predictionsFor,
} from '../evaluation/index.ts';
import { asymmetricLossOf, isMultiLabel, type LossOptions } from '../losses/index.ts';
import { Classifier, exportModel, initialWeights, type Network, type Weights } from '../models/index.ts';
import { exponentialMovingAverageScalars, learningRates, type Optimizer } from '../optimizers/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { BatchOptions } from './batch-options.ts';
import type { Checkpoint, RunPosition } from './checkpoint.ts';
import { ExplosionWatch } from './explosion.ts';
import type { StepGraph } from './step-graph.ts';
import { checkMemory } from './step-memory.ts';
import { Trainer, weightsToUse } from './trainer.ts';

/** A training run: network, data, optimizer, length, and who is told about it. */
export interface FitOptions extends BatchOptions {
  /** The network to train; its frozen layers keep their weights. */
  readonly network: Network;
  /** The rule that turns gradients into steps, with its learning-rate schedule. */
  readonly optimizer: Optimizer;
  /** Options of the cross-entropy, such as label smoothing. */
  readonly loss?: LossOptions;
  /** The engine that runs the step graph, such as `nodeRuntime()`. */
  readonly runtime: Runtime;
  /** The training images. */
  readonly train: Dataset;
  /** Evaluated after every epoch; it chooses the best epoch and when to stop early. Never the test set. */
  readonly validation?: Dataset;
  /** Passes over the training images, from 1. */
  readonly epochs: number;
  /** Images per step; the last batch of an epoch may be smaller. */
  readonly batchSize: number;
  /** Where batches come from; all sources give the same. Default: each is computed when it is needed. */
  readonly openBatches?: OpenBatches;
  /** Everything random follows from it. */
  readonly seed: number;
  /**
   * Whether the result's weights are those of the epoch with the lowest validation loss, where there is validation; else
   * those of the last step. Default true.
   */
  readonly keepBest?: boolean;
  /** Stops after this many epochs without a lower validation loss. */
  readonly earlyStopping?: number;
  /** Where to go on from; the other options must be those of the run that wrote it. */
  readonly resume?: Checkpoint;
  /** With `resume`: the weights of the best epoch before, those to use of what `save` kept. */
  readonly bestWeights?: Weights;
  /** First weights, where they are not drawn by the seed. */
  readonly weights?: Weights;
  /** The graph of a whole step, where `checkMemory` has built it already; memory is then not checked again. */
  readonly stepGraph?: StepGraph;
  /** Milliseconds from any beginning. */
  readonly clock: () => number;
  /** @param epoch from 1; a resumed epoch begins again */
  readonly onEpochBegin?: (epoch: number) => void | Promise<void>;
  /** Called after every step, with the progress of the epoch. */
  readonly onStep?: (step: StepProgress) => void;
  /** @param weights gives copies of the weights as they are */
  readonly onEpoch?: (record: EpochRecord, weights: () => Promise<Weights>) => void | Promise<void>;
  /** What all learning rates are multiplied by, asked before every step. Default 1. */
  readonly learningRateScale?: () => number;
  /** Called while validation images are evaluated, with the number of images done and in all. */
  readonly onValidation?: (done: number, total: number) => void;
  /**
   * Keeps a checkpoint: after every epoch, every `checkpointSeconds` in between, and when interrupted. `best` tells
   * that no epoch before had a lower validation loss.
   */
  readonly save?: (checkpoint: Checkpoint, best: boolean) => Promise<void>;
  /** Longest time between two checkpoints, in seconds. Default: one after each epoch only. */
  readonly checkpointSeconds?: number;
  /** Asked after every step; when true, the run saves and ends. */
  readonly interrupted?: () => boolean;
}

/** How far an epoch has come. Means are over the images seen so far in it. */
export interface StepProgress {
  /** From 1. */
  readonly epoch: number;
  /** Epochs of the whole run. */
  readonly epochs: number;
  /** From 1, within the epoch. */
  readonly step: number;
  /** Steps of an epoch. */
  readonly steps: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Fraction of images classified correctly, 0 to 1. */
  readonly accuracy: number;
  /** The learning rate of this step. */
  readonly learningRate: number;
  /** Images this process trained on, and the seconds it took; for the rate. */
  readonly images: number;
  /** Seconds that this process took for `images`. */
  readonly seconds: number;
  /** Images left in the epoch and in the run. */
  readonly imagesLeftInEpoch: number;
  /** Images left in the run. */
  readonly imagesLeft: number;
}

/** The result of a training run. */
export interface FitResult {
  /** One record for each finished epoch. */
  readonly history: History;
  /** Of the best epoch where one is known, else of the last step. */
  readonly weights: Weights;
  /** The epoch that the weights are of, where validation chose it. */
  readonly bestEpoch?: number;
  /** `early`: early stopping ended the run; `interrupted`: `interrupted` returned true. */
  readonly ended: 'finished' | 'early' | 'interrupted';
  /** Where the run ended, as in a checkpoint. */
  readonly position: RunPosition;
}

const FRESH: RunPosition = {
  step: 0,
  epoch: 0,
  stepInEpoch: 0,
  lossSum: 0,
  correct: 0,
  seen: 0,
  seconds: 0,
  history: [],
};

/**
 * Trains a network on a data set, epoch by epoch, in an order that depends on the seed and the epoch alone. The last
 * partial batch is kept.
 *
 * @throws HarrierError `diverged` when the loss is not finite or has exploded (checkpoints kept before stay as they are),
 *   `bad-data` when the data does not fit the network, `not-supported` when memory does not suffice
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const { network, optimizer, loss, runtime, train, seed, epochs, batchSize, clock, resume } = options;
  checkFit(options);
  const { microBatch, averageMomentum } = options;
  const batch = Math.min(batchSize, train.size);
  const memory = { network, optimizer, loss, runtime, batch, microBatch, averageMomentum };
  const stepGraph = options.stepGraph ?? (await checkMemory(memory));
  const trainer = new Trainer({
    network,
    optimizer,
    loss,
    runtime,
    seed,
    microBatch: options.microBatch,
    averageMomentum: options.averageMomentum,
    stepGraph,
    weights: resume?.weights ?? options.weights ?? firstWeights(network, seed, train),
  });
  if (resume) trainer.write(resume);

  let position = resume?.position ?? FRESH;
  let best = position.best && options.bestWeights;
  const stepsPerEpoch = stepsOf({ dataset: train, batchSize });
  const run = { steps: stepsPerEpoch * epochs, stepsPerEpoch };
  const started = clock();
  let trained = 0;
  let pause = 0;
  let lastSave = started;

  const checkpoint = async (isBest: boolean): Promise<void> => {
    const arrays = await trainer.read();
    if (isBest && options.keepBest !== false) best = weightsToUse(arrays);
    await options.save?.({ network: network.config(), ...arrays, position }, isBest);
    lastSave = clock();
  };
  const result = async (ended: FitResult['ended']): Promise<FitResult> => ({
    history: position.history,
    weights: best ?? weightsToUse(await trainer.read()),
    ...(best && position.best ? { bestEpoch: position.best.epoch } : {}),
    ended,
    position,
  });

  const watch = new ExplosionWatch({
    // A constant answer to several labels guesses one of that many sets of them.
    classes: isMultiLabel(loss) ? 2 ** Math.min(1000, network.outputSize) : network.outputSize,
    weight: Math.max(...classWeights(train, options.classWeight)),
    stepsPerEpoch,
  });
  const open = options.openBatches ?? openBatches;
  const batches = open(batchPlan(options));
  try {
    while (position.epoch < epochs) {
      if (stoppedEarly(position, options.earlyStopping)) return await result('early');
      const epoch = position.epoch;
      const epochStarted = clock() - position.seconds * 1000;
      let learningRate = 0;
      await options.onEpochBegin?.(epoch + 1);

      for (let i = position.stepInEpoch; i < stepsPerEpoch; i++) {
        const { pixels, targets, imageShape } = await batches.batch(epoch, i);
        const images = targets.length / network.outputSize;
        const scale = options.learningRateScale?.() ?? 1;
        const rates = learningRates(optimizer, position.step, run).map((rate) => rate * scale);
        [learningRate] = rates;
        const { loss: batchLoss, correct } = await trainer.step(pixels, targets, position.step, rates, [
          imageShape.height,
          imageShape.width,
        ]);
        watch.add(batchLoss);
        position = {
          ...position,
          step: position.step + 1,
          stepInEpoch: i + 1,
          lossSum: position.lossSum + batchLoss * images,
          correct: position.correct + correct,
          seen: position.seen + images,
          seconds: (clock() - epochStarted) / 1000,
        };
        trained += images;
        const left = train.size - position.seen;
        options.onStep?.({
          epoch: epoch + 1,
          epochs,
          step: i + 1,
          steps: stepsPerEpoch,
          loss: position.lossSum / position.seen,
          accuracy: position.correct / position.seen,
          learningRate,
          images: trained,
          seconds: (clock() - started - pause) / 1000,
          imagesLeftInEpoch: left,
          imagesLeft: left + (epochs - epoch - 1) * train.size,
        });
        if (i + 1 < stepsPerEpoch) {
          if (options.interrupted?.()) {
            await checkpoint(false);
            return await result('interrupted');
          }
          if (clock() - lastSave > (options.checkpointSeconds ?? Number.POSITIVE_INFINITY) * 1000) {
            await checkpoint(false);
          }
        }
      }

      const paused = clock();
      const validation = await validate(options, trainer);
      const record: EpochRecord = {
        epoch: epoch + 1,
        loss: position.lossSum / position.seen,
        accuracy: position.correct / position.seen,
        ...validation,
        learningRate,
        seconds: (clock() - epochStarted) / 1000,
      };
      const isBest =
        validation !== undefined &&
        validation.validationLoss < (position.best?.validationLoss ?? Number.POSITIVE_INFINITY);
      position = {
        ...FRESH,
        step: position.step,
        epoch: epoch + 1,
        history: [...position.history, record],
        best: isBest ? { epoch: epoch + 1, validationLoss: validation.validationLoss } : position.best,
      };
      await checkpoint(isBest);
      await options.onEpoch?.(record, async () => weightsToUse(await trainer.read()));
      pause += clock() - paused;
      if (position.epoch < epochs && options.interrupted?.()) return await result('interrupted');
    }
    return await result('finished');
  } finally {
    await batches.close();
    await trainer.dispose();
  }
}

/** What the batches of a run follow from. */
function batchPlan({
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

/** Weights drawn by the seed, or found from the training images. */
export function firstWeights(network: Network, seed: number, dataset?: Dataset): Weights {
  const { parameters, normalization } = network;
  return initialWeights(parameters, seed, dataset && { dataset, normalization });
}

async function validate(
  { network, loss: options, runtime, validation, onValidation }: FitOptions,
  trainer: Trainer,
) {
  if (!validation) return undefined;
  const weights = weightsToUse(await trainer.read());
  const thresholds = isMultiLabel(options) ? evenThresholds(network.outputSize) : undefined;
  const model = exportModel(network, weights, {}, { ...(thresholds && { thresholds }) });
  const classifier = await Classifier.load(runtime, model);
  try {
    const probabilities = await classifier.predictImages(validation, { onProgress: onValidation });
    const { loss, accuracy } = evaluatePredictions(predictionsFor({ probabilities }, validation));
    const trained = options?.name === 'asymmetric' ? asymmetricMean(probabilities, validation) : loss;
    return { validationLoss: trained, validationAccuracy: accuracy };
  } finally {
    await classifier.dispose();
  }
}

/** Epochs are told apart by the loss that they are trained with. */
function asymmetricMean(probabilities: Float32Array, { tags, size }: Dataset): number {
  return probabilities.reduce((sum, each, i) => sum + asymmetricLossOf(each, tags![i] === 1), 0) / size;
}

function stoppedEarly({ epoch, best }: RunPosition, patience: number | undefined): boolean {
  return patience !== undefined && best !== undefined && epoch - best.epoch >= patience;
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
