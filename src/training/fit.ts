import { stepsPerEpoch as stepsOf } from '../data/batch-plan.ts';
import { openBatches } from '../data/batches.ts';
import { classWeights } from '../data/class-weight.ts';
import type { Dataset } from '../data/dataset.ts';
import {
  type EpochRecord,
  evaluatePredictions,
  evenThresholds,
  fitTemperature,
  type Predictions,
  predictionsFor,
  withTemperature,
} from '../evaluation/index.ts';
import { asymmetricLossOf, isMultiLabel } from '../losses/index.ts';
import { Classifier, exportModel, initialWeights, type Network, type Weights } from '../models/index.ts';
import { learningRates, settledIn } from '../optimizers/index.ts';
import { batchPlan, checkFit } from './check-fit.ts';
import type { RunPosition } from './checkpoint.ts';
import { ExplosionWatch } from './explosion.ts';
import type { FitOptions, FitResult } from './fit-options.ts';
import { Pauses } from './pauses.ts';
import { checkMemory } from './step-memory.ts';
import { Trainer, weightsToUse } from './trainer.ts';

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
  const { network, optimizer, loss, runtime, train, seed, epochs, batchSize, resume } = options;
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
  let best = options.keepBest === false ? undefined : position.best && options.bestWeights;
  const stepsPerEpoch = stepsOf({ dataset: train, batchSize });
  const run = { steps: stepsPerEpoch * epochs, stepsPerEpoch };
  const settled = settledIn(optimizer, run);
  const pauses = new Pauses();
  let slept = 0;
  const clock = () => options.clock() - slept;
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
        const begun = clock();
        const { pixels, targets, imageShape } = await batches.batch(epoch, i);
        const images = targets.length / network.outputSize;
        const scale = options.learningRateScale?.() ?? 1;
        const rates = learningRates(optimizer, position.step, run).map((rate) => rate * scale);
        [learningRate] = rates;
        await trainer.settle(settled.findLast(({ from }) => from <= position.step)?.groups ?? []);
        const { loss: batchLoss, correct } = await trainer.step(pixels, targets, position.step, rates, [
          imageShape.height,
          imageShape.width,
        ]);
        watch.add(batchLoss);
        slept += pauses.in(clock() - begun);
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
            // Who could not keep it may want to go on.
            if (options.interrupted()) return await result('interrupted');
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

/** Weights drawn by the seed, or found from the training images. */
export function firstWeights(network: Network, seed: number, dataset?: Dataset): Weights {
  const { parameters, normalization, inputShape } = network;
  return initialWeights(parameters, seed, dataset && { dataset, normalization, channels: inputShape[2] });
}

async function validate(
  { network, loss: options, runtime, validation, calibrate, onValidation }: FitOptions,
  trainer: Trainer,
) {
  if (!validation) return undefined;
  const weights = weightsToUse(await trainer.read());
  const thresholds = isMultiLabel(options) ? evenThresholds(network.outputSize) : undefined;
  const model = exportModel(network, weights, {}, { ...(thresholds && { thresholds }) });
  const classifier = await Classifier.load(runtime, model);
  try {
    const probabilities = await classifier.predictImages(validation, { onProgress: onValidation });
    const stated = predictionsFor({ probabilities }, validation);
    const { loss, accuracy } = evaluatePredictions(calibrate ? calibrated(stated) : stated);
    const trained = options?.name === 'asymmetric' ? asymmetricMean(probabilities, validation) : loss;
    return { validationLoss: trained, validationAccuracy: accuracy };
  } finally {
    await classifier.dispose();
  }
}

/** What the model will say of its validation images once their temperature is fitted. */
function calibrated(predictions: Predictions): Predictions {
  const fitted = fitTemperature(predictions);
  return 'temperature' in fitted ? withTemperature(predictions, fitted.temperature) : predictions;
}

/** Epochs are told apart by the loss that they are trained with. */
function asymmetricMean(probabilities: Float32Array, { tags, size }: Dataset): number {
  return probabilities.reduce((sum, each, i) => sum + asymmetricLossOf(each, tags![i] === 1), 0) / size;
}

function stoppedEarly({ epoch, best }: RunPosition, patience: number | undefined): boolean {
  return patience !== undefined && best !== undefined && epoch - best.epoch >= patience;
}
