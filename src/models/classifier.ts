import type { Dataset, ImageInput } from '../data/dataset.ts';
import { relabelled } from '../data/relabelled.ts';
import { HarrierError, unknownName } from '../errors.ts';
import { type Evaluation, type Predictions, predictionsFor } from '../evaluation/index.ts';
import { decodeModel, encodeModel, type Model } from '../onnx/index.ts';
import { COUNT } from '../options/range.ts';
import { checkNumber } from '../options/values.ts';
import { HEADS, type HeadKind } from '../options/words.ts';
import type { Executable, Runtime } from '../runtime/index.ts';
import type { ClassifierBackbone, ClassifierFit, ClassifierFitOptions } from './classifier-backbone.ts';
import { checkConstants } from './constant-limit.ts';
import { type Contract, contractOf, numberedClasses } from './contract.ts';
import { evaluateModel } from './evaluate-model.ts';

/** Images that run together when a whole data set is classified. */
const BATCH = 64;

/** Options of `new Classifier`. */
export interface ClassifierOptions {
  readonly backbone: ClassifierBackbone;
  /**
   * The layer that tells the classes apart: `linear` (logistic regression), `mlp` (a hidden layer before it, for thousands
   * of images), `centroid` (the nearest mean, for 1 to 5 images a class). Default `linear`.
   */
  readonly head?: HeadKind;
}

/** Options of `predictImages`, `predictionsFor` and `evaluate`. */
export interface PredictImagesOptions {
  /** Told how far it is: images done, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Images that run together. Default 64. */
  readonly batchSize?: number;
}

/** What a classifier says of images. */
export interface ClassifierAnswer {
  /** float32 `[count, classes]`: each row adds up to 1, unless images have any number of labels. */
  readonly probabilities: Float32Array;
  /** float32 `[count]`, from 0 to 1: above 0.5 an image shows none of the classes. Only of models that tell. */
  readonly unknown?: Float32Array;
}

/** A model that is ready to run. */
interface Ready extends Contract {
  readonly executable: Executable;
  readonly where: string;
  /** Its file, where it was fitted here. */
  readonly model?: Model;
}

/**
 * A model that tells images apart: any ONNX model that keeps to Harrier's contract (`Classifier.load`), or a backbone
 * with a head that `fit` trains.
 *
 * @example
 * const classifier = new Classifier({ backbone: await loadBackbone('efficientnet-lite0'), head: 'linear' });
 * await classifier.fit(train);
 * const probabilities = await classifier.predict(pixels);
 */
export class Classifier {
  readonly #options: ClassifierOptions;
  #ready: Ready | undefined;

  /** @throws HarrierError `bad-option` for what is no backbone, or a head that there is not */
  constructor(options: ClassifierOptions) {
    if (typeof options?.backbone?.fitHead !== 'function') {
      throw new HarrierError('bad-option', 'a Classifier needs a backbone to learn on', {
        expected: '{ backbone, head }',
        received: described(options?.backbone ?? options),
        next: "Write: new Classifier({ backbone: await loadBackbone('efficientnet-lite0') }); for a finished model: await Classifier.load(…).",
      });
    }
    const { head = 'linear' } = options;
    if (!(HEADS as readonly string[]).includes(head)) throw unknownName('head', `${head}`, HEADS);
    this.#options = options;
  }

  /**
   * @param source a model, or the bytes of an `.onnx` file
   * @throws HarrierError `bad-graph` or `not-supported` when it is no such model
   */
  static async load(runtime: Runtime, source: Model | Uint8Array, where = 'model'): Promise<Classifier> {
    if (typeof runtime?.compile !== 'function' || !(source instanceof Uint8Array || source?.graph)) {
      throw new HarrierError('bad-option', 'Classifier.load takes a runtime, and the bytes of a model', {
        received: [runtime, source].map(described).join(' and '),
        next: "Write: await Classifier.load(nodeRuntime(), await readFile('model.onnx')).",
      });
    }
    const model = source instanceof Uint8Array ? decodeModel(source, where) : source;
    const contract = contractOf(model.graph, model.metadata, where);
    checkConstants(model.graph, where);
    const classifier = new Classifier({ backbone: finished(runtime, where) });
    classifier.#ready = { ...contract, executable: await runtime.compile(source, { where }), where };
    return classifier;
  }

  get classNames(): readonly string[] {
    return this.#known().classNames;
  }

  /** Whether it tells images that show none of its classes: it was trained with `--reject`. */
  get tellsUnknown(): boolean {
    return this.#known().tellsUnknown;
  }

  /**
   * Where images have any number of labels: the probability of each label from which an image counts as having it.
   * Undefined where each image has one class.
   */
  get thresholds(): readonly number[] | undefined {
    return this.#known().thresholds;
  }

  /** The images that it takes. `decodeImage` makes them from files as the model wants them. */
  get imageShape(): ImageInput {
    return this.#ready?.imageShape ?? this.#options.backbone.imageShape;
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#known().metadata;
  }

  /**
   * Fits the head on the features of images: each goes through the backbone once, and once more mirrored. What was
   * fitted before is replaced.
   *
   * @param train images that are made as the backbone wants them (`imageShape`)
   * @throws HarrierError `bad-data` when there are too few images or classes, or images of another size; `not-supported`
   *   for a classifier that was loaded; the signal's reason when aborted: what was fitted before then stays
   */
  async fit(train: Dataset, options: ClassifierFitOptions = {}): Promise<ClassifierFit> {
    const { backbone, head = 'linear' } = this.#options;
    this.#checkSize(train);
    const { model, fit } = await backbone.fitHead(head, train, options);
    const where = train.name;
    const contract = contractOf(model.graph, model.metadata, where);
    const executable = await backbone.runtime.compile(model, { where });
    await this.dispose();
    this.#ready = { ...contract, executable, where, model };
    return fit;
  }

  /**
   * The fitted model as an ONNX file, for `Classifier.load`, `harrier predict` and any ONNX Runtime.
   * @throws HarrierError `bad-option` before `fit`, or for a classifier that was loaded: its file is there already
   */
  toOnnx(): Uint8Array<ArrayBuffer> {
    const { model } = this.#known();
    if (model) return encodeModel(model);
    throw new HarrierError('bad-option', 'this classifier was loaded from a file', {
      where: 'Classifier.toOnnx',
      next: 'Copy that file.',
    });
  }

  #known(): Ready {
    if (this.#ready) return this.#ready;
    throw new HarrierError('bad-option', 'this classifier is not fitted yet', {
      where: 'Classifier',
      next: 'First: await classifier.fit(train).',
    });
  }

  /**
   * @param pixels uint8 `[count, height, width, 3]`
   * @returns float32 `[count, classes]`: each row adds up to 1
   */
  async predict(pixels: Uint8Array): Promise<Float32Array> {
    return (await this.answer(pixels)).probabilities;
  }

  /**
   * As `predict`, with all that the model says of the images.
   * @param pixels uint8 `[count, height, width, 3]`
   */
  async answer(pixels: Uint8Array): Promise<ClassifierAnswer> {
    const size = this.#sizeOf(pixels);
    const count = pixels.length / size;
    if (count <= BATCH) return this.#answerAtOnce(pixels);
    const probabilities = new Float32Array(count * this.classNames.length);
    const foreign = this.tellsUnknown ? new Float32Array(count) : undefined;
    for (let start = 0; start < count; start += BATCH) {
      const part = await this.#answerAtOnce(pixels.subarray(start * size, (start + BATCH) * size));
      probabilities.set(part.probabilities, start * this.classNames.length);
      if (part.unknown) foreign?.set(part.unknown, start);
    }
    return { probabilities, ...(foreign && { unknown: foreign }) };
  }

  /** Bytes of an image. @throws HarrierError `bad-option`, `bad-shape` for what are no pixels of whole images */
  #sizeOf(pixels: Uint8Array): number {
    const { height, width, channels } = this.imageShape;
    const size = height * width * channels;
    if (!(pixels instanceof Uint8Array)) {
      throw new HarrierError('bad-option', 'these are no pixels', {
        where: 'Classifier.predict',
        expected: `a Uint8Array [count, ${height}, ${width}, ${channels}], values from 0 to 255`,
        received: described(pixels),
        next: 'decodeImage of harrier/node and harrier/web reads an image; scaling is part of the model.',
      });
    }
    if (pixels.length === 0 || pixels.length % size !== 0) {
      throw new HarrierError('bad-shape', 'pixels do not make whole images', {
        expected: `a multiple of ${size} bytes (${height} × ${width} × ${channels})`,
        received: `${pixels.length}`,
      });
    }
    return size;
  }

  /** What the model says of some images together. */
  async #answerAtOnce(pixels: Uint8Array): Promise<ClassifierAnswer> {
    const { executable, where } = this.#known();
    const { height, width, channels } = this.imageShape;
    const size = height * width * channels;
    const image = {
      type: 'uint8' as const,
      dims: [pixels.length / size, height, width, channels],
      data: pixels,
    };
    const { probabilities, unknown } = await executable.step({ image });
    const classes = this.classNames.length;
    if (probabilities.dims.at(-1) !== classes) {
      throw new HarrierError('bad-graph', 'the model gives another number of classes than it states', {
        where,
        expected: `${classes}`,
        received: `${probabilities.dims.at(-1)}`,
      });
    }
    const values = probabilities.data as Float32Array;
    const foreign = unknown?.data;
    const isNumber = foreign instanceof Float32Array ? foreign.every(Number.isFinite) : true;
    if (!isNumber || !values.every(Number.isFinite)) {
      throw new HarrierError('bad-graph', 'the model gives numbers that are not finite', {
        next: 'Its weights are damaged, or its training diverged: take another model.',
      });
    }
    return {
      probabilities: values,
      ...(this.tellsUnknown && foreign instanceof Float32Array && { unknown: foreign }),
    };
  }

  /**
   * Classifies all images of a data set, whatever its classes are called.
   * @returns float32 `[images, classes]`
   * @throws HarrierError `bad-data` when its images have another size
   */
  async predictImages(dataset: Dataset, options: PredictImagesOptions = {}): Promise<Float32Array> {
    return (await this.answerImages(dataset, options)).probabilities;
  }

  /**
   * As `predictImages`, with all that the model says of the images.
   * @throws HarrierError `bad-data` when its images have another size, `bad-option` for a `batchSize` that is no whole
   *   number from 1
   */
  async answerImages(
    dataset: Dataset,
    { onProgress, batchSize = BATCH }: PredictImagesOptions = {},
  ): Promise<ClassifierAnswer> {
    this.#checkSize(dataset);
    checkNumber('Classifier.predictImages', 'batchSize', batchSize, COUNT);
    const { height, width, channels } = this.imageShape;
    const classes = this.classNames.length;
    const all = new Float32Array(dataset.size * classes);
    const foreign = this.tellsUnknown ? new Float32Array(dataset.size) : undefined;
    for (let start = 0; start < dataset.size; start += batchSize) {
      const count = Math.min(batchSize, dataset.size - start);
      const pixels = new Uint8Array(count * height * width * channels);
      dataset.gather(
        Array.from({ length: count }, (_, i) => start + i),
        pixels,
      );
      const { probabilities, unknown } = await this.#answerAtOnce(pixels);
      all.set(probabilities, start * classes);
      if (unknown) foreign?.set(unknown, start);
      onProgress?.(start + count, dataset.size);
    }
    return { probabilities: all, ...(foreign && { unknown: foreign }) };
  }

  /**
   * Evaluates the model on labelled images: the figures of `harrier evaluate`. Images that are copies or of one group widen
   * the interval; a model that promises prediction sets or tells unknown images is evaluated in that, too. Classes of a data
   * set are those of the model with the same names, in whatever order; of a model whose classes have no names, those with
   * the same numbers.
   *
   * @throws HarrierError `bad-option` for a class that the model does not know, `bad-data` for images of another size or
   *   none at all; as `answerImages`
   */
  async evaluate(dataset: Dataset, options: PredictImagesOptions = {}): Promise<Evaluation> {
    const { where } = this.#known();
    return evaluateModel(await this.predictionsFor(dataset, options), this, where);
  }

  /**
   * What the model says of labelled images, with their labels: for `evaluatePredictions`, `evaluateCosts`,
   * `mostConfidentMistakes` or `predictionsToCsv`. Classes are found as `evaluate` finds them.
   *
   * @throws HarrierError as `evaluate`
   */
  async predictionsFor(dataset: Dataset, options: PredictImagesOptions = {}): Promise<Predictions> {
    const own = hasNames(this.classNames) ? relabelled(dataset, this.classNames) : dataset;
    return predictionsFor(await this.answerImages(own, options), own, this.thresholds);
  }

  /** @throws HarrierError when the data set has images of another size or other classes */
  checkDataset(dataset: Dataset): void {
    this.#checkSize(dataset);
    const { name, classNames } = dataset;
    if (
      classNames.length !== this.classNames.length ||
      classNames.some((each, i) => each !== this.classNames[i])
    ) {
      throw new HarrierError('bad-data', 'its classes are not those of the model', {
        where: name,
        expected: this.classNames.join(', '),
        received: classNames.join(', '),
      });
    }
  }

  #checkSize({ name, imageShape }: Dataset): void {
    const own = this.imageShape;
    if (imageShape.height === own.height && imageShape.width === own.width) return;
    throw new HarrierError('bad-data', 'its images have another size than the model was made for', {
      where: name,
      expected: `${own.width} × ${own.height}`,
      received: `${imageShape.width} × ${imageShape.height}`,
      next: `Scale them to ${own.width} × ${own.height}.`,
      options: ['imageSize'],
    });
  }

  /** Gives back the memory of what runs it. */
  async dispose(): Promise<void> {
    await this.#ready?.executable.dispose();
  }
}

/** Whether a model's classes have names of their own. */
function hasNames(classNames: readonly string[]): boolean {
  return classNames.join() !== numberedClasses(classNames.length).join();
}

/** In the place of a backbone, where a model came finished. */
function finished(runtime: Runtime, where: string): ClassifierBackbone {
  return {
    name: where,
    runtime,
    imageShape: { height: 0, width: 0, channels: 3 },
    fitHead: () => {
      throw new HarrierError('not-supported', 'this classifier was loaded finished', {
        where,
        next: 'Fit one on a backbone: new Classifier({ backbone: await loadBackbone(…) }).',
      });
    },
  };
}

/** A value in an error's sentence. */
function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === undefined) return 'nothing';
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : `${value}`;
}
