import { type Dataset, type ImageInput, imageInput } from '../data/dataset.ts';
import { threeChannels } from '../data/memory.ts';
import {
  type Preprocessing,
  preprocessingMetadata,
  preprocessingOf,
  STRETCHED,
} from '../data/preprocessing.ts';
import { validationSplit } from '../data/split.ts';
import { HarrierError } from '../errors.ts';
import { type Evaluation, evenThresholds, type History } from '../evaluation/index.ts';
import { knownOptions } from '../layers/index.ts';
import {
  CLASS_NAMES_KEY,
  Classifier,
  checkWeights,
  classNamesOf,
  type ExportOptions,
  exportModel,
  exportOptionsOf,
  type FunctionalOptions,
  Network,
  type NetworkOptions,
  ORIGIN_KEY,
  rejectionOf,
  summarize,
  trainedNetwork,
  type Weights,
} from '../models/index.ts';
import { decodeModel, encodeModel } from '../onnx/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { CallbackRun } from './callbacks/run.ts';
import { type Compiled, type CompileOptions, compiledFrom, lossOptions } from './compile-options.ts';
import { firstWeights, fit } from './fit.ts';
import { checkPredictable, datasetFrom, isNumbers } from './model-data.ts';
import { TRAIN_OPTIONS, type TrainOptions } from './train-options.ts';

/** How `Model.fromOnnx` reads a file. */
export interface LoadOptions {
  /** What runs `predict` and `evaluate` before `compile` names one. */
  readonly runtime?: Runtime;
  /** What to call the file in errors. */
  readonly where?: string;
}

/**
 * A network with weights, to train, evaluate and use: Keras's Model.
 *
 * @example
 * const image = new Input({ shape: [32, 32, 3] });
 * const x = image.through(new Conv2D({ filters: 8, kernelSize: 3, padding: 'same' }), new BatchNormalization());
 * const y = new Conv2D({ filters: 8, kernelSize: 1 }).apply(image);
 * const sum = new Add().apply([x, y]);
 * const scores = sum.through(new GlobalAveragePooling2D(), new Dense({ units: 10 }));
 * const model = new Model({ inputs: image, outputs: scores });
 */
export class Model {
  readonly network: Network;
  #compiled: Compiled | undefined;
  #runtime: Runtime | undefined;
  #weights: Weights | undefined;
  /** Whether the weights are those that were drawn: what depends on the data is found at the first `fit`. */
  #fresh = false;
  #classNames: readonly string[] | undefined;
  /** What the file that it was loaded from does beside the network, until the model is trained on. */
  #exportOptions: ExportOptions = {};
  #preprocessing: Preprocessing = STRETCHED;
  /** The pretrained network that the file it was loaded from names, as metadata: whose terms hold, however it is trained on. */
  #origin: Readonly<Record<string, string>> = {};
  /** The model made ready for running, until its weights change. */
  #classifier: Promise<Classifier> | undefined;
  /** Uses of it come one after another: some runtimes run one at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param network an Input and what layers make of it; or a network that there is, such as a run's */
  constructor(network: FunctionalOptions | Network) {
    this.network = network instanceof Network ? network : new Network(network);
  }

  /**
   * The model of a `model.onnx` that Harrier wrote: its layers, weights and class names. The optimizer's state is not in
   * the file: `compile` and `fit` train on from the weights.
   *
   * @throws HarrierError `bad-graph` or `not-supported` when the file is no such model
   */
  static fromOnnx(bytes: Uint8Array, { runtime, where = 'model' }: LoadOptions = {}): Model {
    if (!(bytes instanceof Uint8Array)) {
      throw new HarrierError('bad-option', 'Model.fromOnnx takes the bytes of a model.onnx', {
        expected: 'a Uint8Array',
        received: typeof bytes === 'string' ? JSON.stringify(bytes) : typeof bytes,
        next: 'For a file: await loadModel(path) of harrier/node.',
      });
    }
    const file = decodeModel(bytes, where);
    const { network, weights } = trainedNetwork(file, where);
    const model = new Model(network);
    model.#weights = weights;
    model.#runtime = runtime;
    const rejection = rejectionOf(file, where);
    model.#exportOptions = { ...exportOptionsOf(file), ...(rejection && { rejection }) };
    model.#preprocessing = preprocessingOf(file.metadata, where);
    const { [ORIGIN_KEY]: origin } = file.metadata;
    if (origin !== undefined) model.#origin = { [ORIGIN_KEY]: origin };
    if (file.metadata[CLASS_NAMES_KEY] !== undefined) {
      model.#classNames = classNamesOf(file, network.outputSize, where);
    }
    return model;
  }

  /** The images that the model takes: `decodeImage` makes them from files, as the model wants them. */
  get imageShape(): ImageInput {
    const [height, width, channels] = this.network.inputShape;
    return imageInput({ height, width, channels }, this.#preprocessing);
  }

  /** The layers, their shapes and parameters, as Keras prints them. */
  summary(): string {
    return summarize(this.network);
  }

  /**
   * Chooses how to train, and what runs it. Weights that were trained, loaded or set stay; a model that has none yet
   * draws them by `seed`.
   *
   * @throws HarrierError `bad-option`
   */
  compile(options: CompileOptions): void {
    this.#compiled = compiledFrom(this.network, options);
    this.#runtime = this.#compiled.runtime;
    const ends = this.#ends();
    const { thresholds: _, rejection, ...others } = this.#exportOptions;
    // A model of any number of labels knows no other images.
    this.#exportOptions = { ...others, ...(rejection && !ends.thresholds && { rejection }), ...ends };
    this.#forget();
    if (this.#weights && !this.#fresh) return;
    this.#weights = firstWeights(this.network, options.seed ?? 0);
    this.#fresh = true;
  }

  /** Copies of all weights by name, in Keras's layout. Before `compile`, a new model has none. */
  get weights(): Weights {
    return new Map([...this.#known()].map(([name, values]) => [name, values.slice()]));
  }
  /** @throws HarrierError `bad-checkpoint` when they belong to another model, or a name is misspelt */
  set weights(weights: Weights) {
    checkWeights(this.network.parameters, weights, this.network.name);
    // What is unknown was measured with the weights before.
    const { rejection: _, ...others } = this.#exportOptions;
    this.#exportOptions = others;
    this.#take(new Map([...weights].map(([name, values]) => [name, values.slice()])));
  }

  /**
   * Trains on a data set, or on pixels (uint8, 0 to 255) and labels (whole numbers from 0). A second call trains on from
   * the weights of the first, with a fresh optimizer.
   *
   * @returns one record per epoch
   * @throws HarrierError `bad-option`, `bad-shape` or `bad-data` for arguments that do not fit, `diverged` when the loss
   *   is not finite or explodes
   */
  async fit(dataset: Dataset, options?: TrainOptions): Promise<History>;
  async fit(images: Uint8Array, labels: ArrayLike<number>, options?: TrainOptions): Promise<History>;
  async fit(
    images: Dataset | Uint8Array,
    second: TrainOptions | ArrayLike<number> = {},
    third?: TrainOptions,
  ): Promise<History> {
    const labels = third !== undefined || isNumbers(second) ? second : undefined;
    const options = (labels === undefined ? second : (third ?? {})) as TrainOptions;
    const dataset = datasetFrom('fit', this.network, this.#classNames, images, labels);
    knownOptions('fit', options, TRAIN_OPTIONS, []);
    const compiled = this.#ready();
    const { optimizer, seed = 0, runtime, weights } = compiled;
    const ends = this.#ends();
    const { epochs = 1, batchSize = 32, validationData, callbacks = [] } = options;
    const split =
      validationData === undefined && options.validationSplit !== undefined
        ? validationSplit(dataset, options.validationSplit, seed)
        : { train: dataset, validation: this.#validationOf(validationData, dataset.classNames) };
    // Images that have no way of their own came to their size as the model had it.
    const { preprocessing = this.#preprocessing } = dataset.imageShape;
    const about = {
      [CLASS_NAMES_KEY]: JSON.stringify(dataset.classNames),
      ...this.#origin,
      ...preprocessingMetadata(preprocessing),
    };
    const run = new CallbackRun(callbacks, {
      optimizer,
      epochs,
      runtime,
      export: (now) => encodeModel(exportModel(this.network, now, about, ends)),
    });
    await run.begin();
    const result = await fit({
      network: this.network,
      optimizer,
      loss: lossOptions(compiled),
      runtime,
      ...split,
      epochs,
      batchSize,
      microBatch: options.microBatch,
      averageMomentum: options.averageMomentum,
      augmentation: options.augmentation,
      sampling: options.sampling,
      classWeight: options.classWeight,
      resolution: options.resolution,
      openBatches: options.openBatches,
      seed,
      keepBest: options.keepBest,
      earlyStopping: options.earlyStopping,
      weights: this.#fresh ? firstWeights(this.network, seed, split.train) : weights,
      clock: ownClock,
      onEpochBegin: run.epochBegin,
      onStep: (progress) => {
        options.onStep?.(progress);
        run.batchEnd(progress);
      },
      onEpoch: run.epochEnd,
      learningRateScale: run.learningRateScale,
      interrupted: run.stopped,
    });
    const restored = await run.end(result.history, result.weights);
    if (restored) checkWeights(this.network.parameters, restored, this.network.name);
    this.#classNames = dataset.classNames;
    this.#preprocessing = preprocessing;
    this.#exportOptions = ends;
    this.#take(restored ?? result.weights);
    return result.history;
  }

  /**
   * Evaluates the model on a data set, or on pixels and labels. Classes of a data set are those of the model with the same
   * names, in whatever order; of a model whose classes have no names, those with the same numbers. What `Classifier.evaluate`
   * gives, but for prediction sets.
   *
   * @throws HarrierError `bad-option` for a class that the model does not know
   */
  async evaluate(dataset: Dataset): Promise<Evaluation>;
  async evaluate(images: Uint8Array, labels: ArrayLike<number>): Promise<Evaluation>;
  async evaluate(images: Dataset | Uint8Array, labels?: ArrayLike<number>): Promise<Evaluation> {
    const dataset = datasetFrom('evaluate', this.network, this.#classNames, images, labels);
    return this.#use((classifier) => classifier.evaluate(dataset));
  }

  /**
   * Says what images show.
   *
   * @param images uint8 pixels `[count, height, width, channels]`, or a data set
   * @returns probabilities, float32 `[count, classes]`
   */
  async predict(images: Uint8Array | Dataset): Promise<Float32Array> {
    const given = checkPredictable(this.network, images);
    const grey = this.network.inputShape[2] === 1;
    return this.#use((classifier) => {
      if (!(given instanceof Uint8Array)) return classifier.predictImages(given);
      return classifier.predict(grey ? threeChannels(given) : given);
    });
  }

  /**
   * The bytes of `model.onnx`, by Harrier's contract: layers, weights, class names and how it wants its images; not the
   * optimizer's state.
   * @param metadata is added to the file's own
   */
  toOnnx(metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
    const names: Record<string, string> = this.#classNames
      ? { [CLASS_NAMES_KEY]: JSON.stringify(this.#classNames) }
      : {};
    return encodeModel(
      exportModel(
        this.network,
        this.#known(),
        { ...names, ...this.#origin, ...preprocessingMetadata(this.#preprocessing), ...metadata },
        this.#exportOptions,
      ),
    );
  }

  /**
   * Writes `model.onnx`. `loadModel` of `harrier/node` reads it back.
   * @throws HarrierError `not-supported` where the runtime has no files, as in browsers: `toOnnx` gives the bytes there
   */
  async save(path: string): Promise<void> {
    const bytes = this.toOnnx();
    const files = this.#runtime?.files;
    if (!files) throw noFiles(this.network.name);
    await files.write(path, bytes);
  }

  /** Gives back the memory of what `predict` and `evaluate` keep ready. The model can go on being used. */
  async dispose(): Promise<void> {
    this.#forget();
    await this.#turn;
  }

  #validationOf(data: TrainOptions['validationData'], classNames: readonly string[]): Dataset | undefined {
    if (data === undefined) return undefined;
    const [images, labels] = Array.isArray(data) ? data : [data];
    return datasetFrom('validationData', this.network, classNames, images, labels);
  }

  /** What a trained model ends in: probabilities of each label, where the loss is of several; else of one class. */
  #ends(): ExportOptions {
    if (this.#compiled?.loss !== 'binary_crossentropy') return {};
    return { thresholds: this.#exportOptions.thresholds ?? evenThresholds(this.network.outputSize) };
  }

  #take(weights: Weights): void {
    this.#weights = weights;
    this.#fresh = false;
    this.#forget();
  }

  #forget(): void {
    const old = this.#classifier;
    this.#classifier = undefined;
    if (old) this.#inTurn(async () => (await old).dispose()).catch(() => {});
  }

  #use<T>(work: (classifier: Classifier) => Promise<T>): Promise<T> {
    const runtime = this.#runtime;
    if (!runtime) throw notCompiled(this.network.name);
    const name = this.network.name;
    const classifier = this.#classifier ?? Classifier.load(runtime, this.toOnnx(), name);
    this.#classifier = classifier;
    classifier.catch(() => {
      if (this.#classifier === classifier) this.#classifier = undefined;
    });
    return this.#inTurn(async () => work(await classifier));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #known(): Weights {
    if (this.#weights) return this.#weights;
    throw notCompiled(this.network.name);
  }

  #ready() {
    if (this.#compiled) return { ...this.#compiled, weights: this.#known() };
    throw notCompiled(this.network.name);
  }
}

function notCompiled(where: string): HarrierError {
  return new HarrierError('bad-option', 'the model is not compiled yet', {
    where,
    next: 'Call compile({ optimizer, runtime }) first.',
  });
}

function noFiles(where: string): HarrierError {
  return new HarrierError('not-supported', 'the model has no way to write files', {
    where,
    expected: 'a model that is compiled with a runtime for files, such as nodeRuntime()',
    next: 'model.toOnnx() returns the bytes.',
  });
}

/**
 * A model of layers one after another: Keras's Sequential.
 *
 * @example
 * const model = new Sequential({ inputShape: [32, 32, 3], layers: [new Flatten(), new Dense({ units: 10 })] });
 * model.compile({ optimizer: new SGD({ learningRate: 0.01 }), runtime: nodeRuntime() });
 * await model.fit(train, { epochs: 3 });
 */
export class Sequential extends Model {
  constructor(options: NetworkOptions) {
    super(new Network(options));
  }
}

/** A clock that nobody sets back, where there is one: in Node and browsers. */
function ownClock(): number {
  const { performance } = globalThis as { performance?: { now(): number } };
  return performance?.now() ?? Date.now();
}
