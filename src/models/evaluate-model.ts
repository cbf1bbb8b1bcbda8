import {
  beforeAndAfter,
  coverageOfSets,
  type Evaluation,
  evaluatePredictions,
  evaluateRejection,
  PredictionSets,
  type Predictions,
  type UnknownPredictions,
} from '../evaluation/index.ts';
import { jsonObject } from '../json-text.ts';
import type { Model } from '../onnx/index.ts';
import { exportOptionsOf } from './export.ts';
import { REJECTION_KEY } from './rejection.ts';

/**
 * Evaluates what a model says of labelled images, with all that its file promises: views and temperature, prediction
 * sets, and how it tells images that show none of its classes.
 *
 * @param where the model, in errors
 * @param unknown what it says of images that show none of its classes, if there are any
 * @throws HarrierError as `evaluatePredictions`; `bad-graph` when a promise cannot be read
 */
export function evaluateModel(
  predictions: Predictions,
  { metadata }: Pick<Model, 'metadata'>,
  where?: string,
  unknown?: UnknownPredictions,
) {
  const { testTimeAugmentation, viewsBelow, temperature } = exportOptionsOf({ metadata });
  const sets = PredictionSets.read(metadata, where);
  return {
    ...evaluatePredictions(predictions),
    testTimeAugmentation,
    ...(viewsBelow !== undefined && { viewsBelow }),
    temperatureScaling: {
      temperature,
      ...(temperature !== 1 && { judged: beforeAndAfter(predictions, temperature) }),
    },
    ...(sets && { predictionSets: coverageOfSets(sets, predictions) }),
    ...((predictions.unknown || unknown) && {
      rejection: evaluateRejection(predictions, aboutRejection(metadata), unknown),
    }),
  } satisfies Evaluation;
}

/** What a model says of its threshold. */
function aboutRejection(metadata: Model['metadata']) {
  const { keep, images } = jsonObject(metadata[REJECTION_KEY] ?? '') ?? {};
  return {
    ...(typeof keep === 'number' && { keep }),
    ...(typeof images === 'number' && { heldOutImages: images }),
  };
}
