import type { ImageInput } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import { PredictionSets, type SetOptions } from '../../evaluation/prediction-sets.ts';
import { formatPercent, formatQuantity } from '../../format/format.ts';
// Not through the rooms' index files: one image should not wait for what only training needs.
import { Classifier, type ClassifierAnswer } from '../../models/classifier.ts';
import { UNKNOWN_FROM } from '../../models/contract.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { RemoteImages } from '../../platform/node/remote/remote-images.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { Exit, failureOf } from '../failure.ts';
import { classifierBytes } from '../foreign.ts';
import { watchInterruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { shippedNote } from '../shipped.ts';
import { USUAL_TOP } from './answer-options.ts';
import { predictArguments } from './arguments.ts';
import { ClassifyingThreads } from './classifying-threads.ts';
import { readInput } from './input.ts';
import { givenLabels, shownOf } from './labels.ts';
import { imageNames } from './names.ts';
import { checkPredictOptions, checkSortable, type PredictOptions } from './options.ts';
import { ReadingThreads } from './reading-threads.ts';
import { remoteOptions } from './remote.ts';
import { type Answer, csvHeader, csvRow, type FilePrediction, imageText, type Prediction } from './text.ts';
import { predictToFile } from './to-file.ts';

/** Digits of a model's SHA-256 in its answers. */
const MODEL_DIGITS = 12;

/** Images that are decoded at the same time. */
const AHEAD = 16;

/**
 * `harrier predict`: answers for every file that is an image, even when another is not.
 *
 * @param words the arguments that are no options: a model perhaps, and images
 */
export async function runPredict(words: readonly string[], options: PredictOptions): Promise<void> {
  const { json, csv, threads } = options;
  checkPredictOptions(options);
  if (options.sort !== undefined) checkSortable(words);
  const reporter = new Reporter({ machine: json || csv });
  const remote = remoteOptions(words, options);
  const images = new RemoteImages(remote);
  const { model, named, files } = await predictArguments(words, options, options.out !== undefined);
  if (options.sort !== undefined) checkSortable(files);
  const { modelFile, shipped } = await findModel(model);
  const bytes = await classifierBytes(modelFile, options, reporter);
  const classifier = await Classifier.load(nodeRuntime({ threads }), bytes, modelFile);
  if (shipped) reporter.note(shippedNote(modelFile, classifier.classNames));
  const setOf =
    options.sets === undefined
      ? undefined
      : setsOf(classifier, { coverage: options.sets, perClass: options.perClass }, modelFile, reporter);
  const top = Math.min(options.top, classifier.classNames.length);
  const { thresholds, classNames } = classifier;
  if (options.sort !== undefined && thresholds) throw severalFolders(modelFile);
  const toPeople = !json && !csv && options.out === undefined;
  const answerOf = (probabilities: Float32Array, unknown: number | undefined): Answer => {
    const all = best(classifier, probabilities);
    const labels = thresholds && givenLabels(classNames, thresholds, probabilities);
    return {
      predictions: shownOf(all, labels, { top, toPeople }),
      ...(labels && { labels }),
      ...(setOf && { set: setOf(probabilities) }),
      ...(unknown !== undefined && { unknown: unknown > UNKNOWN_FROM }),
    };
  };
  const answersOf = ({ probabilities, unknown }: ClassifierAnswer): Answer[] => {
    const classes = classNames.length;
    return Array.from({ length: probabilities.length / classes }, (_, i) =>
      answerOf(probabilities.subarray(i * classes, (i + 1) * classes), unknown?.[i]),
    );
  };
  if (options.out !== undefined || options.sort !== undefined) {
    const { out, sort, force, list, shard, skipBad } = options;
    const interruption = watchInterruption(() => reporter.note('Stopping: saving first.'));
    const hash = nativeSha256().update(bytes).digest().slice(0, MODEL_DIGITS);
    const readers = new ReadingThreads({ shape: classifier.imageShape, remote }, threads);
    const copies = new ClassifyingThreads({ bytes, where: modelFile }, threads);
    // Nobody waits for the network any more; what is being classified is still written.
    interruption.signal.addEventListener('abort', () => readers.close());
    const task = {
      // Answers of another kind are not continued either.
      model: [hash, ...askedFor(options)].join(' '),
      skipBad,
      read: (name: string) => readers.read(name),
      answersTo: async (pixels: Uint8Array<ArrayBuffer>) => answersOf(await copies.answer(pixels)),
      atOnce: copies.count,
    };
    try {
      if (sort === undefined) {
        const names = () => imageNames({ files, list, shard }, options);
        await predictToFile({ ...task, names, out: out!, force }, reporter, interruption);
      } else {
        const { checkRegular, sortImages } = await import('./sort.ts');
        const read = (name: string) => checkRegular(name).then(() => readers.read(name));
        const { atLeast, move } = options;
        const { tellsUnknown } = classifier;
        const own = {
          files,
          words: named,
          folder: sort,
          classNames,
          tellsUnknown,
          atLeast,
          move,
          json,
          read,
        };
        await sortImages({ ...task, ...own }, reporter, interruption);
      }
    } finally {
      interruption.end();
      await readers.close();
      await copies.close();
      await classifier.dispose();
    }
    return;
  }
  const columns = {
    top,
    sets: setOf !== undefined,
    unknown: classifier.tellsUnknown,
    ...(thresholds && { labels: classifier.classNames }),
  };
  if (csv) reporter.result(csvHeader(columns));
  const all: FilePrediction[] = [];
  let failed = 0;
  for (let start = 0; start < files.length; start += AHEAD) {
    const batch = files
      .slice(start, start + AHEAD)
      .map((file) => ({ file, pixels: pixelsOf(file, classifier.imageShape, images) }));
    await Promise.allSettled(batch.map(({ pixels }) => pixels));
    for (const { file, pixels } of batch) {
      try {
        const { probabilities, unknown } = await classifier.answer(await pixels);
        const answer = { file, ...answerOf(probabilities, unknown?.[0]) };
        if (json) all.push(answer);
        else if (csv) reporter.result(csvRow(answer, columns));
        else reporter.print(imageText(answer, reporter.style));
      } catch (error) {
        const { message = '' } = failureOf(error);
        const none = { file, predictions: [], ...(setOf && { set: [] }), error: message };
        if (json) all.push(none);
        if (csv) reporter.result(csvRow(none, columns));
        reporter.error(message);
        failed++;
      }
    }
    if (files.length > AHEAD && (json || csv)) {
      const done = Math.min(files.length, start + AHEAD);
      reporter.work({ what: 'looking at images', done, total: files.length, unit: 'files' });
    }
  }
  if (json) reporter.json(all);
  await classifier.dispose();
  if (failed > 0) throw new Exit(1);
}

/**
 * Gives the names of the classes in the set of an image.
 * @throws HarrierError `not-supported` when the model is not calibrated for sets
 */
function setsOf(
  { classNames, metadata, thresholds }: Classifier,
  options: SetOptions,
  where: string,
  reporter: Reporter,
): (probabilities: Float32Array) => string[] {
  if (thresholds) {
    throw new HarrierError(
      'not-supported',
      'this model gives images any number of labels, each by its threshold',
      {
        where,
        next: 'Leave --sets out: the labels that it names are the set.',
      },
    );
  }
  const sets = PredictionSets.read(metadata, where);
  if (!sets) {
    throw new HarrierError(
      'not-supported',
      'this model can promise no sets: no validation images calibrated it',
      {
        where,
        next: 'Train it with --validation-split 0.1, or leave --sets out.',
      },
    );
  }
  const most = options.perClass ? sets.mostCoveragePerClass : sets.mostCoverage;
  if (options.coverage > most) {
    const each = options.perClass ? ' for each class' : '';
    const fewer = options.perClass ? 'a set holds every class that has too few' : 'a set holds every class';
    reporter.note(
      `Note: ${formatQuantity(sets.images, 'held-out image')} can promise ${formatPercent(most)} at most${each}: for more, ${fewer}.`,
    );
  }
  return (probabilities) => sets.setOf(probabilities, options).map((label) => classNames[label]);
}

function severalFolders(where: string): HarrierError {
  return new HarrierError(
    'not-supported',
    'this model gives images any number of labels, and a file lies in one folder',
    {
      where,
      next: 'Print the labels with --csv.',
    },
  );
}

/** What answers say besides the usual. */
function askedFor({ top, sets, perClass, atLeast }: PredictOptions): string[] {
  return [
    ...(top === USUAL_TOP ? [] : [`--top ${top}`]),
    ...(sets === undefined ? [] : [`--sets ${sets}`]),
    ...(perClass ? ['--per-class'] : []),
    ...(atLeast === undefined ? [] : [`--at-least ${atLeast}`]),
  ];
}

async function pixelsOf(file: string, shape: ImageInput, remote: RemoteImages): Promise<Uint8Array> {
  return decodeImage(await readInput(file, remote), shape, file);
}

/** All classes, most probable first. */
function best({ classNames }: Classifier, probabilities: Float32Array): Prediction[] {
  return classNames
    .map((label, i) => ({ label, probability: probabilities[i] }))
    .sort((a, b) => b.probability - a.probability);
}
