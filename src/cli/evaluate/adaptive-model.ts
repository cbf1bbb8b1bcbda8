import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import {
  type AdaptiveViews,
  adaptiveNeedsOneClass,
  fitAdaptiveViews,
  PredictionSets,
  withAdaptiveViews,
} from '../../evaluation/index.ts';
import { exportOptionsOf } from '../../models/index.ts';
import { decodeModel, type Model } from '../../onnx/index.ts';
import { ADAPTIVE_VIEWS } from '../../options/words.ts';
import { readClassifierFile } from '../../platform/node/files/classifier-file.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import { prepareRun } from '../../platform/node/runs/prepare-run.ts';
import { predictionsOf } from '../../runs/predictions-of.ts';
import type { Runtime } from '../../runtime/index.ts';
import type { Reporter } from '../reporter.ts';
import { checkNoAverage, modelToEvaluate } from './model.ts';

type AnyModel = Uint8Array | Model;

/** A model that looks again at the images that it is unsure of, and the two that it lies between. */
export interface AdaptiveModel {
  readonly model: AnyModel;
  /** One look at each image. */
  readonly none: AnyModel;
  /** All views of each image. */
  readonly full: AnyModel;
  readonly views: TestTimeAugmentation;
  /** The largest probability below which an image is looked at again. */
  readonly below: number;
  /** How that was chosen; absent for a file that says it. */
  readonly chosen?: AdaptiveViews;
}

/**
 * The model with its views (the mirror image, where it has none) for the images that it is unsure of. A file that was
 * exported so keeps its threshold; for a run it is chosen on the validation images, which also calibrate the sets that the
 * model promises.
 *
 * @throws HarrierError `not-supported` without validation images; as `modelToEvaluate` and `fitAdaptiveViews` do
 */
export async function adaptiveModel(
  source: ModelSource,
  runtime: Runtime,
  reporter: Reporter,
): Promise<AdaptiveModel> {
  const { modelFile } = source;
  const { bytes } = await readClassifierFile(modelFile, {});
  const itself = decodeModel(bytes, modelFile);
  checkNoAverage(itself, modelFile, ADAPTIVE_VIEWS);
  const own = exportOptionsOf(itself);
  const views = own.testTimeAugmentation === 'none' ? 'flip' : own.testTimeAugmentation;
  if (own.thresholds) throw adaptiveNeedsOneClass();
  const said = new Set<string>();
  const say = (sentence: string) => {
    if (!said.has(sentence)) reporter.note(`Note: ${sentence}`);
    said.add(sentence);
  };
  const withViews = (kind: TestTimeAugmentation, below?: number) =>
    modelToEvaluate(source, kind, {}, say, below);
  const [none, full] = [await withViews('none'), await withViews(views)];
  const { viewsBelow } = own;
  if (viewsBelow !== undefined) return { model: bytes, none, full, views, below: viewsBelow };
  const { chosen, sets } = await fitted(source, runtime, [none, full], reporter);
  const { below } = chosen;
  const plain = await withViews(views, below);
  const decoded = plain instanceof Uint8Array ? decodeModel(plain, modelFile) : plain;
  const model = { ...decoded, metadata: { ...decoded.metadata, ...sets.metadata } };
  return { model, none, full, views, below, chosen };
}

async function fitted(
  { run, modelFile }: ModelSource,
  runtime: Runtime,
  models: readonly [AnyModel, AnyModel],
  reporter: Reporter,
): Promise<{ readonly chosen: AdaptiveViews; readonly sets: PredictionSets }> {
  const record = await run?.record();
  const prepared = record && (await prepareRun(record.options, { onProgress: reporter.work }, record));
  if (!prepared?.validation) {
    const what = record
      ? 'this run set no validation images aside to choose the threshold of adaptive views on'
      : 'a model file has no validation images to choose the threshold of adaptive views on';
    throw new HarrierError('not-supported', what, {
      where: record ? run?.path : modelFile,
      next: record
        ? 'Train with --validation-split 0.1, or use --tta flip.'
        : 'Give the run folder of the model, or use --tta flip.',
    });
  }
  const { validation } = prepared;
  const say = (model: AnyModel, what: string) =>
    predictionsOf(runtime, model, validation, what, reporter.work);
  const [first, all] = [await say(models[0], 'one view'), await say(models[1], 'all views')];
  const chosen = fitAdaptiveViews(first, all);
  return { chosen, sets: PredictionSets.calibrate(withAdaptiveViews(first, all, chosen.below)) };
}
