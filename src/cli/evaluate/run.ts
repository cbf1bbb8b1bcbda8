import { relabelled } from '../../data/relabelled.ts';
import { firstImages } from '../../data/subset.ts';
import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import {
  calibrationAdvice,
  type Evaluation,
  evaluationText,
  slicesText,
  type TemperatureScaling,
} from '../../evaluation/index.ts';
import { formatCount, formatQuantity } from '../../format/format.ts';
import { Classifier, evaluateModel } from '../../models/index.ts';
import { flagOf } from '../../options/option.ts';
import { ADAPTIVE_VIEWS } from '../../options/words.ts';
import { cifar10Point1 } from '../../platform/node/datasets/cifar10-1.ts';
import { classesAlone, type EvaluationImages } from '../../platform/node/datasets/evaluation-images.ts';
import { openRuntime } from '../../platform/node/engine/open-runtime.ts';
import { findModel, type ModelSource } from '../../platform/node/runs/find-run.ts';
import type { Device } from '../../runs/device.ts';
import { isTestedByFolds } from '../../runs/folded-images.ts';
import { type ForeignFlags, foreignClassifierOptions } from '../foreign.ts';
import { imagesBelow } from '../images-below.ts';
import { Reporter } from '../reporter.ts';
import { shippedNote } from '../shipped.ts';
import { shortPath } from '../terminal.ts';
import { adaptiveText, evaluateAdaptive } from './adaptive.ts';
import { adaptiveModel } from './adaptive-model.ts';
import { CIFAR10_1, evaluationArguments } from './arguments.ts';
import { costsOf, decisionsOf, decisionsText } from './decisions.ts';
import { imagesFor } from './images.ts';
import { modelToEvaluate } from './model.ts';
import { slicesOf } from './slices.ts';
import { unknownPredictions } from './unknown.ts';

/** The options of `evaluate` as they were typed. */
export interface EvaluateOptions extends ForeignFlags {
  /** The model, in place of the first word. */
  readonly model?: string;
  readonly data?: string;
  readonly split?: 'test' | 'train';
  readonly limit?: number;
  readonly tta?: TestTimeAugmentation | typeof ADAPTIVE_VIEWS;
  readonly threads?: number;
  readonly device?: Device;
  readonly imageSize?: number;
  readonly source?: 'original' | 'npm';
  readonly skipBad?: boolean;
  readonly marks?: 'none';
  /** The least precision of thresholds. */
  readonly precision?: number;
  /** A folder of images that show none of the classes. */
  readonly unknown?: string;
  /** A table of costs. */
  readonly cost?: string;
  /** A column of the list, or an expression over paths. */
  readonly by?: string;
  readonly json?: boolean;
}

/** `harrier evaluate`. @param words the arguments that are no options */
export async function runEvaluate(words: readonly string[], typed: EvaluateOptions): Promise<void> {
  const { model: name, data } = await evaluationArguments(words, typed.data);
  const reporter = new Reporter({ machine: typed.json });
  reporter.status('opening model and data …');
  const source = await findModel(name);
  if (data === undefined && (await printCrossValidation(source, typed, reporter))) return;
  // The model that the package carries was made for it.
  const options = { ...typed, data: data ?? (source.shipped ? 'cifar10' : undefined) };
  const runtime = await openRuntime(options);
  const adaptive =
    options.tta === ADAPTIVE_VIEWS ? await adaptiveModel(source, runtime, reporter) : undefined;
  const model =
    adaptive?.model ??
    (await modelToEvaluate(
      source,
      options.tta === ADAPTIVE_VIEWS ? undefined : options.tta,
      await foreignClassifierOptions(options),
      (sentence) => reporter.note(`Note: ${sentence}`),
    ));
  const classifier = await Classifier.load(runtime, model, source.modelFile);
  if (source.shipped) reporter.note(shippedNote(source.modelFile, classifier.classNames));
  // What is mistyped is told before any work.
  checkLabels(classifier, options);
  const costs = await costsOf(options.cost, classifier.classNames);
  const { unknown: folder, skipBad } = options;
  const unknownFiles = folder === undefined ? undefined : await imagesBelow(folder, '--unknown');
  const images = options.data?.startsWith(`${CIFAR10_1}:`)
    ? await cifar10Point1Images(options.data.slice(CIFAR10_1.length + 1), options)
    : await imagesFor(source, classifier, options, reporter);
  if (!images) {
    throw new HarrierError('bad-option', 'a model file does not name the data to evaluate on', {
      where: source.modelFile,
      next: 'Set --data: cifar10, or a folder with one sub-folder of images per class.',
    });
  }
  for (const note of images.notes) reporter.note(`Note: ${note}`);
  const whole = relabelled(images.dataset, classifier.classNames);
  const dataset = options.limit === undefined ? whole : firstImages(whole, options.limit);
  classifier.checkDataset(dataset);
  const predictions = await classifier.predictionsFor(dataset, {
    onProgress: (done, total) =>
      reporter.work({ what: `evaluating on ${dataset.name}`, done, total, unit: 'images' }),
  });
  const unknown =
    unknownFiles && (await unknownPredictions(folder!, unknownFiles, classifier, skipBad, reporter));
  const measured = evaluateModel(predictions, classifier, source.modelFile, unknown);
  const evaluation = {
    ...withThresholdImages(measured, await noted(source)),
    temperatureScaling: withFitting(measured.temperatureScaling, await noted(source)),
  };
  await classifier.dispose();
  const compared = adaptive && (await evaluateAdaptive(adaptive, predictions, dataset, runtime, reporter));
  const decisions = decisionsOf(predictions, options.precision, costs);
  const { by = '' } = options;
  const slices = images.values && slicesOf(predictions, dataset, { values: images.values, by });
  const advice = calibrationAdvice(evaluation);
  const { part, total, which } = images;
  const evaluatedOn = { data: dataset.name, part, images: dataset.size, total, which };
  if (options.json) {
    reporter.json({
      ...evaluation,
      ...decisions,
      ...(slices && { slices: { by, values: slices } }),
      ...(compared && { adaptiveViews: compared }),
      // Of all test images of a run nothing else is to be said.
      ...((data ?? options.split ?? options.limit) !== undefined && { evaluatedOn }),
      ...(advice !== undefined && { notes: [advice] }),
    });
  } else {
    const first = dataset.size < whole.size ? `the first ${formatCount(dataset.size)} of ` : '';
    const what = [images.dataset.name, `${first}${which}`].filter((part) => part !== '');
    reporter.print(reporter.style.faint(what.join(': ')));
    reporter.print(evaluationText(evaluation, { style: reporter.style }));
    if (slices) for (const line of slicesText(slices, by, reporter.style)) reporter.print(line);
    for (const text of decisionsText(decisions, reporter.style)) reporter.print(text);
    if (compared) for (const line of adaptiveText(compared)) reporter.print(line);
  }
  if (advice !== undefined) reporter.note(advice);
}

/** What may be said where a cross-validation is only read again. */
const HARMLESS = ['model', 'threads', 'device', 'debug'];

/**
 * Prints what a cross-validation found, where its model was trained on all images: there are no others to evaluate it on.
 * @returns whether it was one
 */
async function printCrossValidation(
  { run, modelFile }: ModelSource,
  { json, ...options }: EvaluateOptions,
  reporter: Reporter,
): Promise<boolean> {
  const record = await run?.record();
  if (!run || !record || !isTestedByFolds(record)) return false;
  const { pool, test } = record.data;
  const typed = Object.entries(options).find(
    ([name, value]) => value !== undefined && value !== false && !HARMLESS.includes(name),
  );
  if (typed) {
    throw new HarrierError('bad-option', 'the model was trained on all images of its run', {
      where: flagOf(typed[0]),
      next: 'Give other images with --data, or leave the option out to read the cross-validation again.',
    });
  }
  const evaluation = await run.evaluation().catch(() => undefined);
  if (!evaluation?.crossValidation) {
    throw new HarrierError('bad-checkpoint', 'the evaluation of this cross-validation cannot be read', {
      where: run.file('evaluation'),
      next: 'Evaluate the model on other images: --data PATH.',
    });
  }
  if (json) reporter.json(evaluation);
  else {
    reporter.print(
      reporter.style.faint(
        `${pool!.name}: ${formatQuantity(test.images, 'image')}, each evaluated by a model of the cross-validation that had not seen it; ${shortPath(modelFile)} has seen all of them.`,
      ),
    );
    reporter.print(evaluationText(evaluation, { style: reporter.style }));
  }
  return true;
}

/** What the run that a model came from noted of its evaluation. */
async function noted({ run }: ModelSource): Promise<Partial<Evaluation>> {
  // The figures are measured here: a file that cannot be read costs no more than its notes.
  return (await run?.evaluation().catch(() => undefined)) ?? {};
}

/** With the number of images that the model's thresholds were chosen on, where that is known. */
function withThresholdImages(evaluation: Evaluation, { multiLabel: noted }: Partial<Evaluation>): Evaluation {
  const { multiLabel } = evaluation;
  if (!multiLabel || noted?.thresholdImages === undefined) return evaluation;
  return { ...evaluation, multiLabel: { ...multiLabel, thresholdImages: noted.thresholdImages } };
}

/** @throws HarrierError `bad-option` for what only models have that name one class for each image */
function checkLabels({ thresholds }: Classifier, { cost, unknown }: EvaluateOptions): void {
  const option = cost !== undefined ? '--cost' : unknown !== undefined ? '--unknown' : undefined;
  if (!thresholds || option === undefined) return;
  throw new HarrierError('bad-option', 'this model gives images any number of labels, not one class each', {
    where: option,
    next: 'Leave it out.',
  });
}

/** A model's temperature, with what the run that it came from noted of its fitting. */
function withFitting(
  measured: TemperatureScaling,
  { temperatureScaling: noted }: Partial<Evaluation>,
): TemperatureScaling {
  if (noted?.temperature !== measured.temperature) return measured;
  const { judged: _, ...fitting } = noted;
  return { ...fitting, ...measured };
}

/** CIFAR-10.1 has no other part and no columns, and lies where the user says. */
async function cifar10Point1Images(
  path: string,
  { split, by }: Pick<EvaluateOptions, 'split' | 'by'>,
): Promise<EvaluationImages> {
  if (by !== undefined) throw classesAlone(CIFAR10_1);
  if (split === 'train') {
    throw new HarrierError('bad-option', 'CIFAR-10.1 has test images only', {
      where: '--split',
      expected: 'test',
      received: split,
    });
  }
  const dataset = await cifar10Point1(path);
  return { dataset, part: 'test', total: dataset.size, which: '', notes: [] };
}
