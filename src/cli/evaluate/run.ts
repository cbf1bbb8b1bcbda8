import { stat } from 'node:fs/promises';
import type { Dataset } from '../../data/dataset.ts';
import { relabelled } from '../../data/relabelled.ts';
import { firstImages } from '../../data/subset.ts';
import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import {
  beforeAndAfter,
  calibrationAdvice,
  type Evaluation,
  evaluatePredictions,
  evaluationText,
  type TemperatureScaling,
} from '../../evaluation/index.ts';
import { jsonObject } from '../../json-text.ts';
import { Classifier, exportOptionsOf } from '../../models/index.ts';
import { cifar10Point1 } from '../../platform/node/datasets/cifar10-1.ts';
import { openDataset } from '../../platform/node/datasets/open-dataset.ts';
import { openRuntime } from '../../platform/node/engine/open-runtime.ts';
import { findModel, type ModelSource } from '../../platform/node/runs/find-run.ts';
import type { Device } from '../../runs/device.ts';
import { Reporter } from '../reporter.ts';
import { shippedNote } from '../shipped.ts';
import { CIFAR10_1, judgingArguments } from './arguments.ts';
import { modelToJudge } from './model.ts';
import { trainingDataNote } from './training-data.ts';

/** The options of `evaluate` as they were typed. */
export interface EvaluateOptions {
  readonly data?: string;
  readonly split: 'test' | 'train';
  readonly limit?: number;
  readonly tta?: TestTimeAugmentation;
  readonly threads?: number;
  readonly device?: Device;
  readonly imageSize?: number;
  readonly source?: 'original' | 'npm';
  readonly skipBad?: boolean;
  readonly marks?: 'none';
  readonly json?: boolean;
}

/** `harrier evaluate`. @param words the arguments that are no options */
export async function runEvaluate(words: readonly string[], typed: EvaluateOptions): Promise<void> {
  const { model: name, data } = await judgingArguments(words, typed.data);
  const reporter = new Reporter({ machine: typed.json });
  reporter.status('opening model and data …');
  const source = await findModel(name);
  // The model that the package carries was made for it.
  const options = { ...typed, data: data ?? (source.shipped ? 'cifar10' : undefined) };
  const model = await modelToJudge(source, options.tta);
  const classifier = await Classifier.load(await openRuntime(options), model, source.modelFile);
  if (source.shipped) reporter.note(shippedNote(source.modelFile, classifier.classNames));
  const opened = await openData(source, classifier, options, reporter);
  const whole = relabelled(opened, classifier.classNames);
  const dataset = options.limit === undefined ? whole : firstImages(whole, options.limit);
  classifier.checkDataset(dataset);
  const probabilities = await classifier.predictImages(dataset, {
    onProgress: (done, total) =>
      reporter.work({ what: `judging on ${dataset.name}`, done, total, unit: 'images' }),
  });
  const { labels, classNames } = dataset;
  const predictions = { probabilities, labels, classNames };
  const { testTimeAugmentation, temperature } = exportOptionsOf(classifier);
  const evaluation = {
    ...evaluatePredictions(predictions),
    testTimeAugmentation,
    temperatureScaling: {
      ...(await howItWasFitted(source, temperature)),
      ...(temperature !== 1 && { judged: beforeAndAfter(predictions, temperature) }),
    },
  };
  await classifier.dispose();
  const advice = calibrationAdvice(evaluation);
  if (options.json) reporter.json({ ...evaluation, ...(advice !== undefined && { notes: [advice] }) });
  else {
    reporter.print(reporter.style.faint(dataset.name));
    reporter.print(evaluationText(evaluation, { style: reporter.style }));
  }
  if (advice !== undefined) reporter.note(advice);
}

/** A model's temperature; with what the run that it came from noted of its fitting. */
async function howItWasFitted({ run }: ModelSource, temperature: number): Promise<TemperatureScaling> {
  const text = (await run?.read('evaluation'))?.toString('utf8') ?? '{}';
  const { temperatureScaling: noted } = (jsonObject(text) ?? {}) as Partial<Evaluation>;
  if (noted?.temperature !== temperature) return { temperature };
  const { judged: _, ...fitting } = noted;
  return fitting;
}

/** The part of the data that was asked for: of `--data`, else of the run's own data. */
async function openData(
  { modelFile, run }: ModelSource,
  { imageShape }: Classifier,
  { data, split, imageSize = imageShape.width, source, skipBad, marks }: EvaluateOptions,
  reporter: Reporter,
): Promise<Dataset> {
  const common = { imageSize, source, onProgress: reporter.work };
  if (data?.startsWith(`${CIFAR10_1}:`)) {
    if (split === 'test') return cifar10Point1(data.slice(CIFAR10_1.length + 1));
    throw new HarrierError('bad-option', 'CIFAR-10.1 has test images only', {
      where: '--split',
      expected: 'test',
      received: split,
    });
  }
  if (data !== undefined)
    return (await openDataset(data, { ...common, skipBad, marks: marks && false }))[split];
  const record = await run?.record();
  if (!record) {
    throw new HarrierError('bad-option', 'a model file does not say which data to judge it on', {
      where: modelFile,
      next: 'Set --data: cifar10, or a folder with one sub-folder of images per class.',
    });
  }
  const { options, data: own } = record;
  const isHere = own.path === undefined || (await stat(options.data).catch(() => undefined));
  const spec = isHere ? options.data : own.path!;
  const opened = await openDataset(spec, {
    ...common,
    skipBad: skipBad ?? options.skipBad,
    marks: (marks ?? options.marks) && false,
  });
  const isSame = split === 'test' ? opened.test.hash === own.test.hash : true;
  if (!isSame) reporter.note(`Note: ${opened.test.name} has changed since the model was judged on it.`);
  // Of images of another size, or with other label corrections, nothing can be said.
  const isAsTrained = imageSize === own.imageShape.width && marks === undefined && skipBad === undefined;
  const changed = isAsTrained ? trainingDataNote(opened, record) : undefined;
  if (changed) reporter.note(changed);
  return opened[split];
}
