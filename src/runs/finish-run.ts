import type { Dataset } from '../data/dataset.ts';
import { imageListToText, listImages } from '../data/image-list.ts';
import { encodeNpy } from '../data/npy.ts';
import type { OnProgress } from '../data/progress.ts';
import { sha256 as ownSha256 } from '../data/sha256.ts';
import {
  ANSWER_COUNTS_KEY,
  AVERAGES_OTHERS,
  beforeAndAfter,
  countAnswers,
  coverageOfSets,
  type Evaluation,
  evaluatePredictions,
  evaluateRejection,
  evenThresholds,
  type History,
  type Predictions,
  predictionsToCsv,
  withTemperature,
} from '../evaluation/index.ts';
import { encodeModel } from '../onnx/index.ts';
import type { FitResult } from '../training/index.ts';
import { adaptiveRun } from './adaptive-run.ts';
import { calibrateLabels, chosenOn, type LabelCalibration } from './calibrate-labels.ts';
import { calibrateRun, type RunCalibration } from './calibrate-run.ts';
import { compareModels } from './compare-models.ts';
import type { CrossValidated } from './cross-validated.ts';
import { describeRun } from './describe-run.ts';
import type { Ensemble } from './ensemble.ts';
import { type ExportOptions, exportEnsemble, exportRun } from './export-run.ts';
import type { HeadFit } from './fit-head.ts';
import { isTestedByFolds } from './folded-images.ts';
import { predictionsOf } from './predictions-of.ts';
import type { PreparedRun } from './prepare-run.ts';
import { pathsOfRun, withoutPaths } from './private-paths.ts';
import { rejectRun, unknownOf } from './reject-run.ts';
import type { RunPlatform } from './run-platform.ts';
import type { ComparedModels, RunRecord, RunResult } from './run-record.ts';
import type { RunFile, StoredRun } from './stored-run.ts';

/** What else a run comes to, besides its training. */
export interface FinishOptions {
  /** Of the last run of a cross-validation, what its folds have found. */
  readonly crossValidated?: CrossValidated;
  /** The models that it averages. */
  readonly ensemble?: Ensemble;
  /** What was compared before this model was kept. */
  readonly compared?: ComparedModels;
  /** What a head says of the validation images: this model is compared with it. */
  readonly rival?: Predictions;
}

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
  { crossValidated, ensemble: averaged, compared: kept, rival }: FinishOptions = {},
): Promise<{ record: RunRecord; evaluation: Evaluation }> {
  const { network, optimizer, test, runtime } = run;
  const ensemble = averaged?.models;
  const heldOut = crossValidated?.predictions;
  const { testTimeAugmentation = 'none' } = record.options;
  const { classNames, train: trained, test: evaluated } = run.data;
  let rejection: ExportOptions['rejection'];
  let thresholds = run.train.tags && evenThresholds(classNames.length);
  let viewsBelow: number | undefined;
  const model = (temperature: number, metadata?: Record<string, string>) => {
    const { version } = platform;
    const how = { classNames, temperature, version, metadata, rejection, thresholds, viewsBelow };
    return ensemble
      ? exportEnsemble({ options: record.options }, ensemble, how)
      : exportRun({ network, options: record.options }, weights, how);
  };
  // Of views that the model averages, features of the images as they are say too little.
  const head = 'head' in fit && testTimeAugmentation === 'none' ? fit : undefined;
  const predict = async (dataset: Dataset, what: string, temperature: number): Promise<Predictions> =>
    head
      ? withTemperature(await head.predict(dataset, what), temperature)
      : predictionsOf(runtime, model(temperature), dataset, what, onProgress);
  const predictUnscaled = (dataset: Dataset) => predict(dataset, 'calibrating', 1);
  const adaptive = record.options.adaptiveViews
    ? await adaptiveRun(run, weights, platform, onProgress)
    : undefined;
  const { scaling, sets, chosen, validation } = await calibrated();
  async function calibrated(): Promise<RunCalibration & LabelCalibration> {
    if (adaptive) return adaptive.calibration;
    if (run.train.tags && ensemble) return { ...AS_ITS_MODELS, chosen: chosenOn(heldOut!) };
    if (ensemble) return AS_ITS_MODELS;
    const calibrate = run.train.tags ? calibrateLabels : calibrateRun;
    return calibrate(run, predictUnscaled, {
      heldOut: heldOut ?? head?.heldOut,
      isCalibrated: head?.heldOut !== undefined,
    });
  }
  const { temperature } = scaling;
  if (chosen) thresholds = [...chosen.thresholds];
  viewsBelow = adaptive?.chosen.below;
  const rejected =
    record.options.reject === undefined || record.options.folds?.held !== undefined
      ? undefined
      : await rejectRun({
          run,
          weights,
          head,
          temperature,
          platform,
          onProgress,
          measuring: (layer, means) => {
            const how = { classNames, temperature, rejection: { layer, means } };
            return exportRun({ network, options: record.options }, weights, how);
          },
        });
  rejection = rejected;
  // Where all images were trained on, only the folds' models can be evaluated on them.
  const isCrossValidated = crossValidated?.isTest ?? false;
  const predictions = isCrossValidated
    ? { ...withTemperature(heldOut!, run.validation ? 1 : temperature), ...(thresholds && { thresholds }) }
    : { ...(await predict(test, 'evaluating', temperature)), ...(thresholds && { thresholds }) };
  const unknown =
    predictions.unknown ??
    (rejected && head && !isCrossValidated
      ? unknownOf(rejected, await head.features(test, 'evaluating'), predictions)
      : undefined);
  const compared = await adaptive?.compare(test, predictions);
  const measured = evaluatePredictions(predictions);
  const evaluation: Evaluation = {
    ...measured,
    ...(measured.multiLabel &&
      chosen && { multiLabel: { ...measured.multiLabel, thresholdImages: chosen.images } }),
    ...(isCrossValidated && { interval95: crossValidated!.result.interval95 }),
    ...(crossValidated && { crossValidation: crossValidated.result }),
    testTimeAugmentation,
    ...(viewsBelow !== undefined && { viewsBelow }),
    ...(compared && { adaptiveViews: compared }),
    temperatureScaling: {
      ...scaling,
      ...(temperature !== 1 && !isCrossValidated && { judged: beforeAndAfter(predictions, temperature) }),
    },
    // Images that sets were calibrated on keep the promise in any case.
    ...(rejected && {
      rejection: evaluateRejection(
        { ...predictions, ...(unknown && { unknown }) },
        { keep: rejected.keep, heldOutImages: rejected.images },
      ),
    }),
    ...(sets && !isCrossValidated && { predictionSets: coverageOfSets(sets, predictions) }),
  };
  const comparison =
    kept ??
    (rival &&
      compareModels(rival, validation ?? (await predict(run.validation!, 'validating', temperature))));
  const result: RunResult = {
    ...resultOf(history, bestEpoch, ended, evaluation),
    ...(averaged && { epochs: averaged.epochs }),
    ...('head' in fit && { head: fit.head }),
    ...(comparison && { compared: comparison }),
  };
  const finished: RunRecord = { ...record, result };
  const metadata = {
    'harrier.trainingDataHash': trained.hash,
    'harrier.testDataHash': evaluated.hash,
    'harrier.testAccuracy': `${evaluation.accuracy}`,
    // Servers tell by it whether images of later differ.
    ...(!isCrossValidated &&
      !predictions.tags && {
        [ANSWER_COUNTS_KEY]: JSON.stringify(countAnswers(predictions.probabilities, classNames.length)),
      }),
    ...sets?.metadata,
  };
  // First of all: whatever a description of many images or classes may meet, the model is there.
  await stored.write('model', encodeModel(model(temperature, metadata)));
  const descriptions = await describeRun(
    { record: finished, network, optimizer, history, test, predictions, evaluation },
    platform,
  );
  if (record.options.folds?.held !== undefined) {
    const shape = [predictions.labels.length, classNames.length];
    await stored.write('probabilities', encodeNpy(predictions.probabilities, shape));
  }
  if (crossValidated) await stored.write('heldOut', heldOutCsv(run, record, crossValidated));
  // Data sets with names are always the same.
  if (run.data.path !== undefined && record.options.folds?.held === undefined) {
    await stored.write('images', imagesText(run, record, platform));
  }
  for (const [name, text] of Object.entries(descriptions)) await stored.write(name as RunFile, text);
  await stored.writeRecord(finished);
  return { record: finished, evaluation };
}

const AS_ITS_MODELS: RunCalibration & LabelCalibration = {
  scaling: { temperature: 1, reason: AVERAGES_OTHERS },
};

/** The images of a run, by names that may be shared. */
function imagesText(
  { train, validation, test }: PreparedRun,
  record: RunRecord,
  { sha256 = ownSha256 }: RunPlatform,
): string {
  const shared = withoutPaths(pathsOfRun(record));
  const images = listImages(
    [
      ['train', train],
      ['validation', validation],
      ['test', isTestedByFolds(record) ? undefined : test],
    ],
    sha256,
  );
  return imageListToText(images.map((image) => ({ ...image, file: shared(image.file) })));
}

/** What the folds say of each image that they held out. */
function heldOutCsv(
  { folding }: PreparedRun,
  record: RunRecord,
  { predictions, images, folds }: CrossValidated,
): string {
  const shared = withoutPaths(pathsOfRun(record));
  const files = Array.from(images, (image) => shared(folding!.pool.describe(image)));
  return predictionsToCsv(predictions, files, folds);
}

function resultOf(
  history: History,
  bestEpoch: number | undefined,
  ended: FitResult['ended'],
  { accuracy, multiLabel }: Evaluation,
): RunResult {
  const mean = multiLabel?.meanAveragePrecision;
  return {
    ended: ended === 'early' ? 'early' : 'finished',
    finished: new Date().toISOString(),
    seconds: history.reduce((total, { seconds = 0 }) => total + seconds, 0),
    epochs: history.length,
    ...(bestEpoch !== undefined && { bestEpoch }),
    trainingAccuracy: history[(bestEpoch ?? history.length) - 1]?.accuracy ?? 0,
    testAccuracy: accuracy,
    ...(mean !== undefined && { meanAveragePrecision: mean }),
  };
}
