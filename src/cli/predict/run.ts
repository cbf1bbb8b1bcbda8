import type { ImageShape } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
// Not through the rooms' index files: one image should not wait for what only training needs.
import { Classifier } from '../../models/classifier.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { readModelFile } from '../../platform/node/files/model-file.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { Exit, failureOf } from '../failure.ts';
import { Reporter } from '../reporter.ts';
import { shippedNote } from '../shipped.ts';
import { type ListOptions, predictArguments } from './arguments.ts';
import { readInput } from './input.ts';
import { csvHeader, csvRow, type FilePrediction, imageText, type Prediction } from './text.ts';

/** The options of `predict` as they were typed. */
export interface PredictOptions extends ListOptions {
  readonly top: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly threads?: number;
}

/** Images that are decoded at the same time. */
const AHEAD = 16;

/**
 * `harrier predict`: answers for every file that is an image, even when another is not.
 *
 * @param words the arguments that are no options: a model perhaps, and images
 */
export async function runPredict(words: readonly string[], options: PredictOptions): Promise<void> {
  const { json, csv, threads } = options;
  if (json && csv) {
    throw new HarrierError('bad-option', '--json and --csv exclude each other', {
      next: 'Give one of them.',
    });
  }
  const reporter = new Reporter({ machine: json || csv });
  const { model, files } = await predictArguments(words, options);
  const { modelFile, shipped } = await findModel(model);
  const bytes = await readModelFile(modelFile);
  const classifier = await Classifier.load(nodeRuntime({ threads }), bytes, modelFile);
  if (shipped) reporter.note(shippedNote(modelFile, classifier.classNames));
  const top = Math.min(options.top, classifier.classNames.length);
  if (csv) reporter.result(csvHeader(top));
  const all: FilePrediction[] = [];
  let failed = 0;
  for (let start = 0; start < files.length; start += AHEAD) {
    const images = files
      .slice(start, start + AHEAD)
      .map((file) => ({ file, pixels: pixelsOf(file, classifier.imageShape) }));
    await Promise.allSettled(images.map(({ pixels }) => pixels));
    for (const { file, pixels } of images) {
      try {
        const predictions = best(classifier, await classifier.predict(await pixels), top);
        if (json) all.push({ file, predictions });
        else if (csv) reporter.result(csvRow({ file, predictions }, top));
        else reporter.print(imageText({ file, predictions }, reporter.style));
      } catch (error) {
        const { message = '' } = failureOf(error);
        if (json) all.push({ file, predictions: [], error: message });
        if (csv) reporter.result(csvRow({ file, predictions: [], error: message }, top));
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

async function pixelsOf(file: string, shape: ImageShape): Promise<Uint8Array> {
  return decodeImage(await readInput(file), shape, file);
}

function best({ classNames }: Classifier, probabilities: Float32Array, count: number): Prediction[] {
  return classNames
    .map((label, i) => ({ label, probability: probabilities[i] }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}
