import type { OnProgress } from '../data/progress.ts';
import {
  beforeAndAfter,
  coverageOfSets,
  type Evaluation,
  evaluatePredictions,
  type History,
} from '../evaluation/index.ts';
import { encodeModel } from '../onnx/index.ts';
import type { FitResult } from '../training/index.ts';
import { calibrateRun } from './calibrate-run.ts';
import { describeRun } from './describe-run.ts';
import { exportRun } from './export-run.ts';
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
  { weights, history, bestEpoch, ended }: FitResult,
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
  const { scaling, sets } = await calibrateRun(run, model(1), onProgress);
  const { temperature } = scaling;
  const predictions = await predictionsOf(runtime, model(temperature), test, 'evaluating', onProgress);
  const evaluation: Evaluation = {
    ...evaluatePredictions(predictions),
    testTimeAugmentation,
    temperatureScaling: {
      ...scaling,
      ...(temperature !== 1 && { judged: beforeAndAfter(predictions, temperature) }),
    },
    ...(sets && { predictionSets: coverageOfSets(sets, predictions) }),
  };
  const result = resultOf(history, bestEpoch, ended, evaluation);
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
