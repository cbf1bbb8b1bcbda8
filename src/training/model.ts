import type { OpenBatches } from '../data/batches.ts';
import type { Dataset } from '../data/dataset.ts';
import { validationSplit } from '../data/split.ts';
import { HarrierError } from '../errors.ts';
import { type Evaluation, evaluatePredictions, type History } from '../evaluation/index.ts';
import { knownOptions } from '../layers/index.ts';
import {
  CLASS_NAMES_KEY,
  Classifier,
  checkWeights,
  exportModel,
  type FunctionalOptions,
  Network,
  type NetworkOptions,
  summarize,
  type Weights,
} from '../models/index.ts';
import { encodeModel } from '../onnx/index.ts';
import { type Optimizer, type OptimizerConfig, optimizerFrom } from '../optimizers/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { BatchOptions } from './batch-options.ts';
import { firstWeights, fit, type StepProgress } from './fit.ts';

export interface CompileOptions {
  /** An optimizer, or the name of one with Keras's defaults: `sgd`. */
  readonly optimizer: Optimizer | OptimizerConfig | string;
  readonly runtime: Runtime;
  readonly labelSmoothing?: number;
  /** Seeds the weights, the order of images, and dropout. Default 0. */
  readonly seed?: number;
}

export interface TrainOptions extends BatchOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** Where batches come from, such as `nodeBatches()` of `harrier/node`. Default: computed when needed. */
  readonly openBatches?: OpenBatches;
  /** Judged after each epoch. */
  readonly validationData?: Dataset;
  /** Share of the training images to judge by after each epoch. */
  readonly validationSplit?: number;
  /** Stops after this many epochs without a lower validation loss, and keeps the best weights. */
  readonly earlyStopping?: number;
  readonly onStep?: (progress: StepProgress) => void;
}

/**
 * A network with weights, to train, judge and use: Keras's Model.
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
  #compiled: (CompileOptions & { readonly optimizer: Optimizer }) | undefined;
  #weights: Weights | undefined;
  /** Whether the weights are those that were drawn: what depends on the data is found at the first `fit`. */
  #fresh = false;
  #classNames: readonly string[] | undefined;

  /** @param network an Input and what layers make of it; or a network that there is, such as a run's */
  constructor(network: FunctionalOptions | Network) {
    this.network = network instanceof Network ? network : new Network(network);
  }

  /** The layers, their shapes and parameters, as Keras prints them. */
  summary(): string {
    return summarize(this.network);
  }

  /** Chooses how to train, and what runs it; draws new weights. */
  compile(options: CompileOptions): void {
    knownOptions('compile', options, ['optimizer', 'runtime', 'labelSmoothing', 'seed'], []);
    if (typeof options.runtime?.compile !== 'function') {
      throw new HarrierError('bad-option', 'runtime is missing: it says what runs the graphs', {
        where: 'compile',
        next: "Import { nodeRuntime } from 'harrier/node' and give runtime: nodeRuntime().",
      });
    }
    const last = this.network.calls.at(-1)!.layer;
    const { activation = 'linear' } = last.layer.options as { activation?: string };
    if (activation !== 'softmax' && activation !== 'linear') {
      throw new HarrierError('bad-option', 'the last layer must give probabilities or logits', {
        where: `${this.network.name}, layer "${last.name}"`,
        expected: 'activation softmax, or none (softmax is then added to the model)',
        received: activation,
        next: 'The loss is categorical cross-entropy: one class for each image.',
      });
    }
    this.#compiled = { ...options, optimizer: optimizerFrom(options.optimizer) };
    this.#weights = firstWeights(this.network, options.seed ?? 0);
    this.#fresh = true;
  }

  /** All weights by name, in Keras's layout. */
  get weights(): Weights {
    return this.#ready().weights;
  }
  /** @throws HarrierError `bad-checkpoint` when they belong to another model */
  set weights(weights: Weights) {
    this.#ready();
    checkWeights(this.network.parameters, weights, this.network.name);
    this.#weights = weights;
    this.#fresh = false;
  }

  /** Trains on a data set. A second call goes on from the weights of the first, with a fresh optimizer. */
  async fit(dataset: Dataset, options: TrainOptions = {}): Promise<History> {
    knownOptions(
      'fit',
      options,
      [
        'epochs',
        'batchSize',
        'microBatch',
        'averageMomentum',
        'augmentation',
        'sampling',
        'classWeight',
        'resolution',
        'openBatches',
        'validationData',
        'validationSplit',
        'earlyStopping',
        'onStep',
      ],
      [],
    );
    const { optimizer, runtime, labelSmoothing, seed = 0, weights } = this.#ready();
    const { epochs = 1, batchSize = 32, earlyStopping, onStep } = options;
    const split =
      options.validationSplit === undefined
        ? { train: dataset, validation: options.validationData }
        : validationSplit(dataset, options.validationSplit, seed);
    const result = await fit({
      network: this.network,
      optimizer,
      loss: { labelSmoothing },
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
      earlyStopping,
      weights: this.#fresh ? firstWeights(this.network, seed, split.train) : weights,
      clock: Date.now,
      onStep,
    });
    this.#weights = result.weights;
    this.#fresh = false;
    this.#classNames = dataset.classNames;
    return result.history;
  }

  /** Judges the model on a data set. */
  async evaluate(dataset: Dataset): Promise<Evaluation> {
    return this.#use(async (classifier) =>
      evaluatePredictions({
        probabilities: await classifier.predictImages(dataset),
        labels: dataset.labels,
        classNames: dataset.classNames,
      }),
    );
  }

  /**
   * @param images uint8 pixels `[count, height, width, 3]`, or a data set
   * @returns probabilities, float32 `[count, classes]`
   */
  async predict(images: Uint8Array | Dataset): Promise<Float32Array> {
    return this.#use((classifier) =>
      images instanceof Uint8Array ? classifier.predict(images) : classifier.predictImages(images),
    );
  }

  /** The bytes of `model.onnx`, by Harrier's contract. */
  toOnnx(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    const names: Record<string, string> = this.#classNames
      ? { [CLASS_NAMES_KEY]: JSON.stringify(this.#classNames) }
      : {};
    return encodeModel(exportModel(this.network, this.#ready().weights, { ...names, ...metadata }));
  }

  async #use<T>(work: (classifier: Classifier) => Promise<T>): Promise<T> {
    const classifier = await Classifier.load(this.#ready().runtime, this.toOnnx(), this.network.name);
    try {
      return await work(classifier);
    } finally {
      await classifier.dispose();
    }
  }

  #ready() {
    if (this.#compiled && this.#weights) return { ...this.#compiled, weights: this.#weights };
    throw new HarrierError('bad-option', 'the model is not compiled yet', {
      where: this.network.name,
      next: 'Call compile({ optimizer, runtime }) first.',
    });
  }
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
