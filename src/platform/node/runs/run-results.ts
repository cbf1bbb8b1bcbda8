import { augmentationText } from '../../../data/augmentation/index.ts';
import type { Dataset } from '../../../data/dataset.ts';
import { imageBytes } from '../../../data/dataset.ts';
import type { OnProgress } from '../../../data/progress.ts';
import {
  beforeAndAfter,
  type Evaluation,
  evaluatePredictions,
  mostConfidentMistakes,
  type Predictions,
  predictionsToCsv,
  type RunFacts,
  renderModelCard,
} from '../../../evaluation/index.ts';
import { CLASS_NAMES_KEY, exportModel, type Network } from '../../../models/index.ts';
import { encodeModel } from '../../../onnx/index.ts';
import type { Optimizer, OptimizerConfig } from '../../../optimizers/index.ts';
import type { ReportImage } from '../../../report/index.ts';
import type { FitResult } from '../../../training/index.ts';
import { calibrateRun } from './calibrate-run.ts';
import { hardwareText } from '../engine/hardware.ts';
import { predictionsOf } from './predictions-of.ts';
import type { PreparedRun } from './prepare-run.ts';
import { imageDataUri } from '../images/report-images.ts';
import type { RunFolder } from './run-folder.ts';
import type { RunRecord } from './run-record.ts';
import { HARRIER_VERSION } from '../version.ts';

const IMAGES = 40;

/**
 * Judges a trained model on the test images and writes all that a finished run leaves: `model.onnx`,
 * `evaluation.json`, `predictions.csv`, `report.html`, `README.md`, and the result in `run.json`, which comes last and says that the
 * others are there.
 */
export async function finishRun(
  run: PreparedRun,
  record: RunRecord,
  folder: RunFolder,
  { weights, history, bestEpoch, ended }: FitResult,
  onProgress?: OnProgress,
): Promise<{ record: RunRecord; evaluation: Evaluation }> {
  const { network, test, runtime } = run;
  const { testTimeAugmentation = 'none' } = record.options;
  const model = (temperature: number, metadata?: Record<string, string>) =>
    exportModel(network, weights, metadata, { testTimeAugmentation, temperature });
  const scaling = await calibrateRun(run, model(1), onProgress);
  const { temperature } = scaling;
  const predictions = await predictionsOf(runtime, model(temperature), test, 'judging', onProgress);
  const evaluation: Evaluation = {
    ...evaluatePredictions(predictions),
    testTimeAugmentation,
    temperatureScaling: {
      ...scaling,
      ...(temperature !== 1 && { judged: beforeAndAfter(predictions, temperature) }),
    },
  };
  const trainingAccuracy = history[(bestEpoch ?? history.length) - 1]?.accuracy ?? 0;
  const finished: RunRecord = {
    ...record,
    result: {
      ended: ended === 'early' ? 'early' : 'finished',
      finished: new Date().toISOString(),
      seconds: history.reduce((total, { seconds = 0 }) => total + seconds, 0),
      epochs: history.length,
      ...(bestEpoch !== undefined && { bestEpoch }),
      trainingAccuracy,
      testAccuracy: evaluation.accuracy,
    },
  };
  const title = `${record.options.recipe} on ${record.options.data}`;
  const facts = factsOf(finished, network, run.optimizer);
  const mistakes = await images(test, predictions);
  // Who only predicts never loads what draws pages.
  const { renderReport } = await import('../../../report/index.ts');
  await folder.write('model', encodeModel(model(temperature, metadataOf(record, evaluation))));
  await folder.write('evaluation', `${JSON.stringify(evaluation, undefined, 2)}\n`);
  await folder.write('predictions', predictionsToCsv(predictions));
  await folder.write('report', renderReport({ title, facts, evaluation, history, mistakes }));
  await folder.write('card', renderModelCard({ title, facts, evaluation, imageShape: run.data.imageShape }));
  await folder.writeRecord(finished);
  return { record: finished, evaluation };
}

/** What the model file says about itself. The same run gives the same bytes: no times and no paths. */
function metadataOf({ options, data }: RunRecord, { accuracy }: Evaluation): Record<string, string> {
  return {
    [CLASS_NAMES_KEY]: JSON.stringify(data.classNames),
    'harrier.version': HARRIER_VERSION,
    'harrier.recipe': options.recipe,
    ...(options.from && { 'harrier.fineTunedFrom': options.from.hash }),
    'harrier.seed': `${options.seed}`,
    'harrier.epochs': `${options.epochs}`,
    'harrier.trainingDataHash': data.train.hash,
    'harrier.testDataHash': data.test.hash,
    'harrier.testAccuracy': `${accuracy}`,
  };
}

/** What is said about a run besides how good it is. */
export function factsOf(
  { options, data, result, ...record }: RunRecord,
  network: Network,
  optimizer: Optimizer,
): RunFacts {
  // Of a fine-tuned network some are frozen that were trained all the same, before.
  const sizes = network.parameters
    .filter(({ trainable }) => trainable || options.from)
    .map(({ shape }) => shape);
  return {
    recipe: options.recipe,
    ...(options.from && { fineTunedFrom: options.from }),
    imageShape: data.imageShape,
    parameters: sizes.reduce((total, shape) => total + shape.reduce((product, size) => product * size, 1), 0),
    epochs: result?.epochs,
    batchSize: options.batchSize,
    optimizer: optimizerText(optimizer),
    augmentation: augmentationText(options.augmentation ?? []),
    seed: options.seed,
    trainingAccuracy: result?.trainingAccuracy,
    testTimeAugmentation: options.testTimeAugmentation,
    trainingData: data.train,
    testData: data.test,
    seconds: result?.seconds,
    finished: result && `${result.finished.slice(0, 16).replace('T', ' ')} UTC`,
    hardware: hardwareText(record.hardware),
    versions: record.versions,
    command: record.command,
  };
}

/** `SGD, learning rate 0.01, momentum 0.9`. Options that are off go unmentioned. */
export function optimizerText({ config }: Pick<Optimizer, 'config'>): string {
  const { groups, ...own } = config;
  const others = ((groups ?? []) as { parameters: string[]; optimizer: OptimizerConfig }[]).map(
    ({ parameters, optimizer }) => `${parameters.join(' and ')}: ${optionsText(optimizer)}`,
  );
  return [optionsText(own as OptimizerConfig), ...others].join('; ');
}

function optionsText({ name, ...options }: OptimizerConfig): string {
  const parts = Object.entries(options)
    .filter(([, value]) => value !== 0 && value !== false)
    .map(([option, value]) => {
      const words = option.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      return `${words} ${typeof value === 'object' && value !== null && 'name' in value ? value.name : value}`;
    });
  return [name, ...parts].join(', ');
}

async function images(test: Dataset, predictions: Predictions): Promise<ReportImage[]> {
  const { height, width } = test.imageShape;
  return Promise.all(
    mostConfidentMistakes(predictions, IMAGES).map(async ({ index, label, predicted, probability }) => {
      const pixels = new Uint8Array(imageBytes(test.imageShape));
      test.gather([index], pixels);
      return {
        uri: await imageDataUri(pixels, test.imageShape),
        width,
        height,
        trueClass: test.classNames[label],
        predictedClass: test.classNames[predicted],
        probability,
        source: test.describe(index),
      };
    }),
  );
}
