import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { formatBytes, formatPercent } from '../../format/format.ts';
import {
  CLASS_NAMES_KEY,
  Classifier,
  decodeSafetensors,
  ENSEMBLE_KEY,
  encodeSafetensors,
  Network,
  type StoredTensor,
  weightStorageOf,
  weightsOf,
  withStoredWeights,
} from '../../models/index.ts';
import { decodeModel, encodeModel, type Model } from '../../onnx/index.ts';
import { ADAPTIVE_VIEWS } from '../../options/words.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { findModel, type ModelSource } from '../../platform/node/runs/find-run.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { adaptiveModel } from '../evaluate/adaptive-model.ts';
import { modelToEvaluate, NAMES_EVERY_IMAGE } from '../evaluate/model.ts';
import { classifierBytes, foreignClassifierOptions } from '../foreign.ts';
import { checkOutput, writeOutput } from '../output.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { accuracyText, compareAccuracy, type ExportAccuracy } from './accuracy.ts';
import { type ExportCommandOptions, type FileFormat, STORAGE } from './formats.ts';
import { type EvaluationImages, imagesToEvaluateOn } from './images.ts';
import { integerLines, integerModel } from './integers.ts';
import { noteLostSets } from './lost-sets.ts';
import { nameOf } from './name.ts';
import { imageRates } from './rates.ts';
import { refuseStored } from './stored.ts';

/** `harrier export`. */
export async function runExport(name: string, options: ExportCommandOptions): Promise<void> {
  const { format, json } = options;
  const reporter = new Reporter({ machine: json });
  if (options.name !== undefined && format !== 'npm') {
    throw new HarrierError('bad-option', 'only packages have names', {
      where: '--name',
      next: 'Leave it out, or use --format npm.',
    });
  }
  if (options.calibration !== undefined && format !== 'onnx-int8-compute') {
    throw new HarrierError('bad-option', 'only --format onnx-int8-compute calibrates', {
      where: '--calibration',
      next: 'Leave it out.',
    });
  }
  const ignored = (['data', 'limit'] as const).find((option) => options[option] !== undefined);
  if (ignored !== undefined && format === 'safetensors') {
    throw new HarrierError('bad-option', '--format safetensors evaluates nothing', {
      where: `--${ignored}`,
      next: 'Leave it out: a file of weights answers nothing.',
    });
  }
  const source = await findModel(name);
  if (format === 'npm') {
    const { exportNpmPackage } = await import('./npm.ts');
    return exportNpmPackage(source, options, reporter);
  }
  if (format === 'transformers.js') {
    const { exportTransformers } = await import('./transformers.ts');
    return exportTransformers(source, options, reporter);
  }
  const before = await classifierBytes(source.modelFile, options, reporter);
  const out = resolve(options.out ?? defaultName(source, format));
  if (out === source.modelFile) {
    throw new HarrierError('bad-option', 'the export would overwrite its source', {
      where: out,
      next: 'Choose another file with --out.',
    });
  }
  const output = { option: '--out', force: options.force, isOwn: (path: string) => isExport(path, format) };
  // Before the work; a model that stays as it is may be there already.
  if (format !== 'onnx') await checkOutput(out, output);
  const integers =
    format === 'onnx-int8-compute'
      ? await integerModel(source, options, reporter, noteLoss(reporter))
      : undefined;
  const after =
    integers?.bytes ??
    (format === 'safetensors'
      ? await weightsFile(source, decodeModel(before, source.modelFile), options)
      : await modelFile(source, format as StoredFormat, options, reporter));
  if (options.tta !== undefined && format !== 'safetensors')
    noteLostSets(decodeModel(before), decodeModel(after), reporter);
  // Evaluated before it is written: who then stops it has not half of it.
  const evaluated =
    format === 'safetensors' ? undefined : await evaluate(source, before, after, options, reporter);
  const rates = integers && (await imageRates([before, after], options));
  await writeOutput(out, after, output);
  if (json)
    reporter.json({
      file: out,
      format,
      bytesBefore: before.length,
      bytes: after.length,
      accuracy: evaluated ?? null,
      ...(rates && { imagesPerSecond: rates }),
      ...(integers && { integers: integers.report }),
    });
  else {
    report(out, [before.length, after.length], evaluated, format, {
      reporter,
      lines: integers ? integerLines(integers.report, rates, evaluated) : [],
    });
  }
}

type StoredFormat = Exclude<FileFormat, 'safetensors' | 'onnx-int8-compute'>;

/** Says what is lost; what is assumed of a classifier of another program was said when it was opened. */
const noteLoss = (reporter: Reporter) => (sentence: string) => {
  if (sentence === NAMES_EVERY_IMAGE) reporter.note(`Note: ${sentence}`);
};

/** The model in its new form. */
async function modelFile(
  source: ModelSource,
  format: StoredFormat,
  options: ExportCommandOptions,
  reporter: Reporter,
): Promise<Uint8Array> {
  const foreign = await foreignClassifierOptions(options);
  const found =
    options.tta === ADAPTIVE_VIEWS
      ? await adaptive(source, options, reporter)
      : await modelToEvaluate(source, options.tta, foreign, noteLoss(reporter));
  if (format === 'onnx') return found instanceof Uint8Array ? found : encodeModel(found);
  const model = found instanceof Uint8Array ? decodeModel(found, source.modelFile) : found;
  refuseStored(model, source.modelFile);
  return encodeModel(withStoredWeights(model, STORAGE[format]));
}

/** With its views for images that it is unsure of; says how many these are. */
async function adaptive(
  source: ModelSource,
  options: ExportCommandOptions,
  reporter: Reporter,
): Promise<Uint8Array | Model> {
  const { model, views, below, chosen } = await adaptiveModel(source, nodeRuntime(options), reporter);
  const part = chosen ? ` (${formatPercent(chosen.again / chosen.images, 1)} of the validation images)` : '';
  reporter.note(`Views ${views} where the largest probability is below ${below.toFixed(3)}${part}.`);
  return model;
}

/** The weights: of a run in Keras's layout, of another model as its graph has them. */
async function weightsFile(
  { modelFile, run }: ModelSource,
  model: Model,
  { tta }: ExportCommandOptions,
): Promise<Uint8Array> {
  if (tta) {
    throw new HarrierError('bad-option', 'a file of weights has no test-time augmentation', {
      where: '--tta',
      next: 'Leave it out, or use --format onnx.',
    });
  }
  refuseStored(model, modelFile);
  // A model that averages others has no one network.
  const record = ENSEMBLE_KEY in model.metadata ? undefined : await run?.record();
  const tensors = new Map<string, StoredTensor>();
  if (record) {
    const network = Network.from(record.network);
    const weights = weightsOf(network, model, modelFile);
    for (const { name, shape } of network.parameters) tensors.set(name, { shape, data: weights.get(name)! });
  } else {
    for (const [name, { type, dims, data }] of model.graph.initializers) {
      if (type === 'float32') tensors.set(name, { shape: dims, data: data as Float32Array });
    }
  }
  const network = record && { [NETWORK_KEY]: JSON.stringify(record.network) };
  return encodeSafetensors({ tensors, metadata: { ...model.metadata, ...network } });
}

async function evaluate(
  source: ModelSource,
  before: Uint8Array,
  after: Uint8Array,
  options: ExportCommandOptions,
  reporter: Reporter,
): Promise<ExportAccuracy | undefined> {
  const runtime = nodeRuntime(options);
  const described = await Classifier.load(runtime, before, source.modelFile);
  await described.dispose();
  let images: EvaluationImages | undefined;
  try {
    images = await imagesToEvaluateOn(source, described, options, reporter);
  } catch (error) {
    // What was asked for must work; the run's own data may have been moved away since.
    if (options.data !== undefined || !(error instanceof HarrierError)) throw error;
    reporter.note(`Note: the accuracy was not measured: ${error.message}`);
    return undefined;
  }
  if (!images) {
    reporter.note('Note: the accuracy was not measured. Set --data to name the images for it.');
    return undefined;
  }
  return compareAccuracy(runtime, [before, after], images, reporter.work);
}

const NETWORK_KEY = 'harrier.network';

/** Whether a file is an export of the same format, which another may replace: a model of a run never is. */
async function isExport(path: string, format: FileFormat): Promise<boolean> {
  try {
    const bytes = await readFile(path);
    if (format !== 'safetensors') return weightStorageOf(decodeModel(bytes, path)) === STORAGE[format];
    const { metadata } = decodeSafetensors(bytes, path);
    return CLASS_NAMES_KEY in metadata || NETWORK_KEY in metadata;
  } catch {
    return false;
  }
}

/**
 * `mine-int8.onnx` in the current folder, for a run called mine; `mine-harrier.onnx` for a model `mine.onnx` there that
 * stays in float32.
 */
function defaultName({ modelFile, run }: ModelSource, format: FileFormat): string {
  const name = nameOf({ modelFile, run });
  return {
    onnx: resolve(`${name}.onnx`) === modelFile ? `${name}-harrier.onnx` : `${name}.onnx`,
    'onnx-fp16': `${name}-fp16.onnx`,
    'onnx-int8': `${name}-int8.onnx`,
    'onnx-int8-compute': `${name}-int8-compute.onnx`,
    safetensors: `${name}.safetensors`,
  }[format];
}

function report(
  out: string,
  [bytesBefore, bytes]: readonly [number, number],
  accuracy: ExportAccuracy | undefined,
  format: FileFormat,
  { reporter, lines }: { readonly reporter: Reporter; readonly lines: readonly string[] },
): void {
  const { style } = reporter;
  reporter.print(style.strong(shortPath(out)));
  reporter.print(`size      ${formatBytes(bytesBefore)} before, ${formatBytes(bytes)} now`);
  if (accuracy) reporter.print(`accuracy  ${accuracyText(accuracy)}`);
  for (const line of lines) reporter.print(line);
  if (accuracy) reporter.print(style.faint(`evaluated on ${accuracy.data}`));
  if (format !== 'safetensors') {
    reporter.print(style.faint(`Use it: npx harrier predict ${shellQuote(shortPath(out))} photo.jpg`));
  }
}
