import { Backbone, imageFeatures } from '../../backbones/index.ts';
import { STRETCHED } from '../../data/preprocessing.ts';
import { HarrierError } from '../../errors.ts';
import { formatNumber, formatPercent, formatQuantity, printable } from '../../format/format.ts';
import { type ClassShift, classShifts, distancesFrom, twoSampleTest } from '../../inspection/drift.ts';
import { Classifier, trainedNetwork, UNKNOWN_FROM } from '../../models/index.ts';
import { decodeModel } from '../../onnx/index.ts';
import { featureCache } from '../../platform/node/backbones/feature-cache.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { imagesFor } from '../evaluate/images.ts';
import { classifierBytes, type ForeignFlags } from '../foreign.ts';
import { imagesBelow, usableImages } from '../images-below.ts';
import { Reporter } from '../reporter.ts';

/** The options of `watch` as they were typed. */
export interface WatchOptions extends ForeignFlags {
  readonly against: string;
  readonly data?: string;
  readonly threads?: number;
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

/** The most foreign images that are named. */
const NAMED = 10;
/** What is said to differ: a chance of 1 in 100. */
const SIGNIFICANT = 0.01;

/** An image and how far it is from what the model knows. */
interface ForeignImage {
  readonly file: string;
  /** 1 − the largest cosine between its features and a class mean, from 0 to 2. */
  readonly distance: number;
  /** What the model takes it for. */
  readonly label: string;
  /** Whether it shows none of the classes, where the model tells. */
  readonly unknown?: boolean;
}

/** `harrier watch`. */
export async function runWatch(name: string, options: WatchOptions): Promise<void> {
  const { against, data, threads, skipBad, json } = options;
  const reporter = new Reporter({ machine: json });
  const source = await findModel(name);
  const files = await imagesBelow(against, '--against');
  const runtime = nodeRuntime({ threads });
  const bytes = await classifierBytes(source.modelFile, options, reporter);
  const classifier = await Classifier.load(runtime, bytes, source.modelFile);
  reporter.status('opening the images that the model was tested on …');
  const known = await imagesFor(
    source,
    classifier,
    data === undefined ? { split: 'test', skipBad } : { data, skipBad },
    reporter,
  );
  if (!known) {
    throw new HarrierError('bad-option', 'a model file does not name the images that it was tested on', {
      where: source.modelFile,
      next: 'Give a run folder, or their data with --data.',
    });
  }
  const { dataset } = known;
  const backbone = await Backbone.load(runtime, {
    ...trainedNetwork(decodeModel(bytes, source.modelFile), source.modelFile),
    name: source.modelFile,
    hash: '',
    preprocessing: classifier.imageShape.preprocessing ?? STRETCHED,
  });
  try {
    const store = featureCache(backbone.key(nativeSha256), backbone.size);
    const rows = await imageFeatures(backbone, dataset, {
      sha256: nativeSha256,
      store,
      onProgress: reporter.work,
      what: `features of ${dataset.name}`,
    });
    const said = await classifier.predictImages(dataset);
    const all = new Float32Array(files.length * backbone.size);
    const read: string[] = [];
    const answers: { best: number; text: string; unknown?: boolean }[] = [];
    // The data may have gained classes since, and then has them in another order.
    const { classNames, thresholds } = classifier;
    const given = (probabilities: Float32Array) =>
      thresholds &&
      (classNames.filter((_, label) => probabilities[label] >= thresholds[label]).join(', ') || 'no label');
    const { imageShape: shape } = classifier;
    const what = `looking at ${against}`;
    for await (const { file, pixels } of usableImages(files, { shape, what, skipBad, reporter })) {
      read.push(file);
      all.set(await backbone.features(pixels), (read.length - 1) * backbone.size);
      const { probabilities, unknown } = await classifier.answer(pixels);
      const best = bestOf(probabilities, probabilities.length, 0);
      const text = given(probabilities) ?? classNames[best];
      answers.push({ best, text, ...(unknown && { unknown: unknown[0] > UNKNOWN_FROM }) });
    }
    const features = all.subarray(0, read.length * backbone.size);
    const before = Array.from(dataset.labels, (_, image) => bestOf(said, classNames.length, image));
    const distances = distancesFrom(
      { rows, labels: dataset.labels, classNames: dataset.classNames },
      features,
      backbone.size,
    );
    const foreign = read
      .map((file, i): ForeignImage => {
        const { text, unknown } = answers[i];
        return {
          file,
          distance: distances[i],
          label: text,
          ...(unknown !== undefined && { unknown }),
        };
      })
      .sort((a, b) => b.distance - a.distance);
    const unknown = answers.filter((answer) => answer.unknown).length;
    const drift = {
      images: read.length,
      comparedWith: { data: dataset.name, images: dataset.size },
      test: twoSampleTest(rows, features, backbone.size),
      // Of several labels, none is the class of an image.
      classes: thresholds
        ? []
        : classShifts(
            before,
            answers.map(({ best }) => best),
            classNames,
          ),
      ...(classifier.tellsUnknown && { unknown: unknown / read.length }),
      foreign: foreign.slice(0, NAMED),
    };
    if (json) reporter.json(drift);
    else for (const line of driftLines(drift)) reporter.print(line);
  } finally {
    await backbone.dispose();
    await classifier.dispose();
  }
}

function bestOf(probabilities: Float32Array, classes: number, image: number): number {
  const own = probabilities.subarray(image * classes, (image + 1) * classes);
  return own.indexOf(Math.max(...own));
}

/** What was found of new images. */
export interface Drift {
  readonly images: number;
  readonly comparedWith: { readonly data: string; readonly images: number };
  readonly test: ReturnType<typeof twoSampleTest>;
  readonly classes: readonly ClassShift[];
  /** Fraction that shows none of the classes, where the model tells. */
  readonly unknown?: number;
  readonly foreign: readonly ForeignImage[];
}

/** The same for a terminal. */
export function driftLines({ images, comparedWith, test, classes, unknown, foreign }: Drift): string[] {
  const isSame = test.pValue > SIGNIFICANT;
  const verdict = isSame
    ? 'No drift is seen: images of the same kind differ as much by chance'
    : 'The images have drifted: images of the same kind rarely differ so much';
  const moved = classes.filter(({ pValue }) => pValue <= SIGNIFICANT);
  return [
    `${formatQuantity(images, 'new image')}, compared with ${formatQuantity(comparedWith.images, 'test image')} of ${printable(comparedWith.data)}`,
    `${verdict} (p = ${formatNumber(test.pValue, 2)}).`,
    ...(unknown === undefined ? [] : [`None of the classes: ${formatPercent(unknown)} of the new images.`]),
    ...moved.map(
      ({ class: name, before, after, pValue }) =>
        `  ${printable(name)}: ${formatPercent(before)} → ${formatPercent(after)} of the answers (p = ${formatNumber(pValue, 2)})`,
    ),
    'The most foreign images:',
    ...foreign.map(
      ({ file, distance, label, unknown: isUnknown }) =>
        `  ${printable(file)}: ${formatNumber(distance, 2)}, ${isUnknown ? 'unknown' : `taken for ${printable(label)}`}`,
    ),
  ];
}
