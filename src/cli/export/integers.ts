import { type Dataset, imageBytes } from '../../data/dataset.ts';
import { random } from '../../data/random.ts';
import { HarrierError } from '../../errors.ts';
import { formatCount, formatQuantity } from '../../format/format.ts';
import {
  Classifier,
  INTEGER_STORAGE,
  NETWORK_KEY,
  STORAGE_KEY,
  weightStorageOf,
  withStoredWeights,
} from '../../models/index.ts';
import { decodeModel, encodeModel, type Tensor } from '../../onnx/index.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import { prepareRun } from '../../platform/node/runs/prepare-run.ts';
import { type IntegerReport, quantizeModel } from '../../quantization/index.ts';
import { imagesFor } from '../evaluate/images.ts';
import { modelToEvaluate } from '../evaluate/model.ts';
import { foreignClassifierOptions } from '../foreign.ts';
import type { Reporter } from '../reporter.ts';
import { type ExportAccuracy, intervalText } from './accuracy.ts';
import { type ExportCommandOptions, plainViews } from './formats.ts';
import { ownImages } from './images.ts';
import type { ImageRates } from './rates.ts';

/** Images that ranges are read from, and those that ways are compared on. */
const CALIBRATION_IMAGES = 128;
const COMPARISON_IMAGES = 256;
const BATCH = 16;

export interface IntegerModel {
  readonly bytes: Uint8Array;
  readonly report: IntegerReport;
}

/**
 * `--format onnx-int8-compute`: the model with integer arithmetic, calibrated on training images.
 * @throws HarrierError `bad-option` without images; `not-supported` for a model that has integers already
 */
export async function integerModel(
  source: ModelSource,
  options: ExportCommandOptions,
  reporter: Reporter,
  onLoss?: (sentence: string) => void,
): Promise<IntegerModel> {
  const where = source.modelFile;
  const foreign = await foreignClassifierOptions(options);
  const found = await modelToEvaluate(source, plainViews(options), foreign, onLoss);
  const model = found instanceof Uint8Array ? decodeModel(found, where) : found;
  if (weightStorageOf(model) === INTEGER_STORAGE) {
    throw new HarrierError('not-supported', 'this model computes in 8 bits already', {
      where,
      next: 'Export from the run, or from the model.onnx that harrier train wrote.',
    });
  }
  const runtime = nodeRuntime(options);
  const classifier = await Classifier.load(runtime, model, where);
  await classifier.dispose();
  const train = await trainingImages(source, classifier, options, reporter);
  const { calibration, comparison } = drawn(train);
  const { model: integers, report } = await quantizeModel(model, runtime, {
    calibration,
    comparison,
    method: options.calibration,
    onProgress: (what, done, total) => reporter.work({ what, done, total, unit: 'steps' }),
  });
  // Layers that compute in floats are stored in 8 bits too.
  const small = withStoredWeights(integers, 'int8');
  const { [NETWORK_KEY]: _, ...metadata } = small.metadata;
  return {
    bytes: encodeModel({ ...small, metadata: { ...metadata, [STORAGE_KEY]: INTEGER_STORAGE } }),
    report,
  };
}

async function trainingImages(
  source: ModelSource,
  classifier: Classifier,
  options: ExportCommandOptions,
  reporter: Reporter,
): Promise<Dataset> {
  const record = options.data === undefined ? await source.run?.record() : undefined;
  if (record) {
    const hooks = { onProgress: reporter.work };
    return (await prepareRun(ownImages(record.options, options), hooks, record)).train;
  }
  const images =
    options.data === undefined
      ? undefined
      : await imagesFor(source, classifier, { ...options, split: 'train' }, reporter);
  if (images) return images.dataset;
  throw new HarrierError('bad-option', '--format onnx-int8-compute needs images to read ranges from', {
    where: source.modelFile,
    next: 'Name the training images with --data, or export from the run folder.',
  });
}

/** Two sets of different images, drawn from all; of few images each gets half. */
function drawn(train: Dataset): { calibration: Tensor[]; comparison: Tensor[] } {
  const order = random(1, 'calibration images').permutation(train.size);
  const first = Math.min(CALIBRATION_IMAGES, Math.ceil(train.size / 2));
  const last = Math.min(train.size, first + COMPARISON_IMAGES);
  const calibration = batchesOf(train, order.subarray(0, first));
  const comparison = batchesOf(train, order.subarray(first, last));
  return { calibration, comparison: comparison.length > 0 ? comparison : calibration };
}

function batchesOf(train: Dataset, indices: Uint32Array): Tensor[] {
  const { height, width, channels } = train.imageShape;
  const batches: Tensor[] = [];
  for (let start = 0; start < indices.length; start += BATCH) {
    const chosen = indices.subarray(start, start + BATCH);
    const data = new Uint8Array(chosen.length * imageBytes(train.imageShape));
    train.gather(chosen, data);
    batches.push({ type: 'uint8', dims: [chosen.length, height, width, channels], data });
  }
  return batches;
}

/** What became of the model, for people. */
export function integerLines(
  report: IntegerReport,
  rates: ImageRates | undefined,
  accuracy: ExportAccuracy | undefined,
): string[] {
  const { method, biasCorrection, equalization, layers, floats } = report;
  const ways = [
    `ranges by ${method}`,
    ...(equalization ? ['layers equalised'] : []),
    ...(biasCorrection ? ['biases corrected'] : []),
  ];
  const kept = floats.length === 0 ? 'all' : `${layers - floats.length} of`;
  return [
    ...(accuracy ? [`interval  ${intervalText(accuracy)}`] : []),
    ...(rates
      ? [
          `speed     ${perSecond(rates.before)} before, ${perSecond(rates.after)} now: ${(rates.after / rates.before).toFixed(1)} times (${formatQuantity(rates.threads, 'thread')}, ${rates.batch} images at a time)`,
        ]
      : []),
    `int8      ${kept} ${formatQuantity(layers, 'layer')}; ${ways.join(', ')}`,
    ...(floats.length > 0 ? [`float32   ${floats.join(', ')}`] : []),
  ];
}

function perSecond(rate: number): string {
  return `${rate < 100 ? rate.toFixed(1) : formatCount(Math.round(rate))} images/s`;
}
