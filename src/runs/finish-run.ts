import type { Dataset } from '../data/dataset.ts';
import type { OnProgress } from '../data/progress.ts';
import {
  beforeAndAfter,
  coverageOfSets,
  type Evaluation,
  evaluatePredictions,
  type History,
  type Predictions,
  withTemperature,
} from '../evaluation/index.ts';
import { encodeModel } from '../onnx/index.ts';
import type { FitResult } from '../training/index.ts';
import { calibrateRun } from './calibrate-run.ts';
import { describeRun } from './describe-run.ts';
import { exportRun } from './export-run.ts';
import type { HeadFit } from './fit-head.ts';
import { predictionsOf } from './predictions-of.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunPlatform } from './run-platform.ts';
import type { RunRecord, RunResult } from './run-record.ts';
import type { RunFile, StoredRun } from './stored-run.ts';

/**
 * Finishes a run whose training is over: calibrates the model, evaluates it on the test images, and writes
 * `model.onnx`, `evaluation.json`, `predictions.csv`, `report.html`, `README.md`, and the result in `run.json`, which
 * comes last and says that the others are there.
 */
export async function finishRun(
  run: PreparedRun,
  record: RunRecord,
  stored: StoredRun,
  { weights, history, bestEpoch, ended, ...fit }: FitResult | HeadFit,
  platform: RunPlatform,
  onProgress?: OnProgress,
): Promise<{ record: RunRecord; evaluation: Evaluation }> {
  const { network, optimizer, test, runtime } = run;
  const { testTimeAugmentation = 'none' } = record.options;
  const { classNames, train: trained, test: evaluated } = run.data;
  const model = (temperature: number, metadata?: Record<string, string>) =>
    exportRun({ network, options: record.options }, weights, {
      classNames,
      temperature,
      version: platform.version,
      metadata,
    });
  // Of views that the model averages, features of the images as they are say too little.
  const head = 'head' in fit && testTimeAugmentation === 'none' ? fit : undefined;
  const predict = async (dataset: Dataset, what: string, temperature: number): Promise<Predictions> =>
    head
      ? withTemperature(await head.predict(dataset, what), temperature)
      : predictionsOf(runtime, model(temperature), dataset, what, onProgress);
  const { scaling, sets } = await calibrateRun(
    run,
    (dataset) => predict(dataset, 'calibrating', 1),
    head?.heldOut,
  );
  const { temperature } = scaling;
  const predictions = await predict(test, 'evaluating', temperature);
  const evaluation: Evaluation = {
    ...evaluatePredictions(predictions),
    testTimeAugmentation,
    temperatureScaling: {
      ...scaling,
      ...(temperature !== 1 && { judged: beforeAndAfter(predictions, temperature) }),
    },
    ...(sets && { predictionSets: coverageOfSets(sets, predictions) }),
  };
  const result: RunResult = {
    ...resultOf(history, bestEpoch, ended, evaluation),
    ...('head' in fit && { head: fit.head }),
  };
  const finished: RunRecord = { ...record, result };
  const metadata = {
    'harrier.trainingDataHash': trained.hash,
    'harrier.testDataHash': evaluated.hash,
    'harrier.testAccuracy': `${evaluation.accuracy}`,
    ...sets?.metadata,
  };
  const descriptions = await describeRun(
    { record: finished, network, optimizer, history, test, predictions, evaluation },
    platform,
  );
  await stored.write('model', encodeModel(model(temperature, metadata)));
  for (const [name, text] of Object.entries(descriptions)) await stored.write(name as RunFile, text);
  await stored.writeRecord(finished);
  return { record: finished, evaluation };
}

function resultOf(
  history: History,
  bestEpoch: number | undefined,
  ended: FitResult['ended'],
  { accuracy }: Evaluation,
): RunResult {
  return {
    ended: ended === 'early' ? 'early' : 'finished',
    finished: new Date().toISOString(),
    seconds: history.reduce((total, { seconds = 0 }) => total + seconds, 0),
    epochs: history.length,
    ...(bestEpoch !== undefined && { bestEpoch }),
    trainingAccuracy: history[(bestEpoch ?? history.length) - 1]?.accuracy ?? 0,
    testAccuracy: accuracy,
  };
}
