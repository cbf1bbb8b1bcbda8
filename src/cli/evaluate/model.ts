import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import { ANSWER_COUNTS_KEY, PREDICTION_SETS_KEY } from '../../evaluation/index.ts';
import {
  ENSEMBLE_KEY,
  exportModel,
  exportOptionsOf,
  type ForeignClassifierOptions,
  NETWORK_KEY,
  Network,
  REJECTION_KEY,
  type TrainedNetwork,
  trainedNetwork,
  weightsOf,
} from '../../models/index.ts';
import { decodeModel, type Model } from '../../onnx/index.ts';
import type { ViewChoice } from '../../options/words.ts';
import { readClassifierFile } from '../../platform/node/files/classifier-file.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';

/** What is lost with other views of a model that tells images of none of its classes. */
export const NAMES_EVERY_IMAGE =
  'With other views than those it was trained for, the model names a class for every image.';

const TEST_ACCURACY_KEY = 'harrier.testAccuracy';

/**
 * The model to evaluate, as it stands or with other views inside. A classifier of another program keeps to Harrier's
 * contract then.
 *
 * @param viewsBelow the largest probability below which an image gets them; default: all images do
 * @param foreign what is said of a classifier of another program
 * @param onAssumed told what was assumed of it or is lost, a sentence each
 * With other views, a model promises no sets: those of before were calibrated without them.
 *
 * @throws HarrierError `not-supported` for other views of a model that no run folder tells how to build
 */
export async function modelToEvaluate(
  { modelFile, run }: ModelSource,
  views: TestTimeAugmentation | undefined,
  foreign: ForeignClassifierOptions = {},
  onAssumed: (sentence: string) => void = () => {},
  viewsBelow?: number,
): Promise<Uint8Array | Model> {
  const { bytes, assumed } = await readClassifierFile(modelFile, foreign);
  for (const sentence of assumed) onAssumed(sentence);
  if (views === undefined) return bytes;
  const model = decodeModel(bytes, modelFile);
  const { testTimeAugmentation: own, viewsBelow: ownBelow, ...others } = exportOptionsOf(model);
  if (own === views && ownBelow === viewsBelow) return bytes;
  checkNoAverage(model, modelFile, views);
  if (REJECTION_KEY in model.metadata) {
    onAssumed(NAMES_EVERY_IMAGE);
  }
  const record = await run?.record();
  if (!record && !Object.hasOwn(model.metadata, NETWORK_KEY)) {
    throw new HarrierError('not-supported', 'the test-time augmentation of a model file cannot be changed', {
      where: modelFile,
      expected: `--tta ${own}`,
      received: `--tta ${views}`,
      next: 'Leave --tta out, or give the run folder of the model.',
    });
  }
  const { network, weights } = record
    ? ofRun(Network.from(record.network), model, modelFile)
    : trainedNetwork(model, modelFile);
  return exportModel(network, weights, withoutMeasures(model.metadata), {
    testTimeAugmentation: views,
    ...(viewsBelow !== undefined && { viewsBelow }),
    ...others,
  });
}

/** @throws HarrierError `not-supported` for other views of a model that averages others */
export function checkNoAverage(model: Model, where: string, views: ViewChoice): void {
  if (!(ENSEMBLE_KEY in model.metadata)) return;
  throw new HarrierError('not-supported', 'the views of a model that averages others cannot be changed', {
    where,
    expected: `--tta ${exportOptionsOf(model).testTimeAugmentation}`,
    received: `--tta ${views}`,
    next: 'Leave --tta out, or train its models with other views.',
  });
}

/** Without the figures that belong to the views of before: sets, numbers of answers, accuracy. */
function withoutMeasures(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const { [PREDICTION_SETS_KEY]: _, [ANSWER_COUNTS_KEY]: __, [TEST_ACCURACY_KEY]: ___, ...others } = metadata;
  return others;
}

function ofRun(network: Network, model: Model, where: string): TrainedNetwork {
  return { network, weights: weightsOf(network, model, where) };
}
