import { classWeights } from '../data/class-weight.ts';
import { random } from '../data/random.ts';
import { HarrierError } from '../errors.ts';
import { initialWeights } from '../models/index.ts';
import { float32 } from '../onnx/index.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { GraphState } from '../training/graph-state.ts';
import { foldsOf } from './folds.ts';
import { checkHeadData, type DenseWeights, type HeadData, type HeadOptions, stacked } from './head-data.ts';
import { mlpStep } from './mlp-graph.ts';
import { foldStandardization, standardizationOf, standardized } from './standardize.ts';

/** A head with one hidden layer, and how it was found. */
export interface MlpHead extends DenseWeights {
  readonly kind: 'mlp';
  /** The layer before the last one: Dense with ReLU. */
  readonly hidden: DenseWeights;
  /** Times that it went through the images. */
  readonly epochs: number;
  /** On images that were held out, after each epoch; absent where no image could be. */
  readonly heldOut?: readonly EpochScore[];
  /** Mean cross-entropy on the images that it was fitted on. */
  readonly loss: number;
  /** Fraction of these images that it is right about. */
  readonly accuracy: number;
}

/** How good a head is on images that it was not fitted on. */
export interface EpochScore {
  readonly loss: number;
  readonly accuracy: number;
}

export interface MlpOptions extends HeadOptions {
  /** Units of the hidden layer. Default 128. */
  readonly units?: number;
  /** Fraction of the hidden units that a step leaves out. Default 0.5. */
  readonly dropout?: number;
  /** Epochs without a lower loss on held-out images after which it ends. Default 10. */
  readonly earlyStopping?: number;
}

/** The hidden layer, where nobody says otherwise. */
export const HIDDEN_LAYER = { units: 128, dropout: 0.5 };
const PATIENCE = 10;
/** Epochs at most, and where no image can be held out. */
const [MOST_EPOCHS, BLIND_EPOCHS] = [100, 30];
const BATCH = 64;
const OPTIMIZER = { name: 'AdamW', learningRate: 1e-3, weightDecay: 0.05 };

/**
 * A head with one hidden layer, trained with dropout on standardised features; the standardisation is folded into its
 * first layer. A fifth of the images is held out first, to find the number of epochs after which their loss is least;
 * then all images are trained on for as long.
 *
 * @throws HarrierError `bad-data`, `bad-shape`, `bad-option` when the data or an option cannot be used
 */
export async function fitMlp(runtime: Runtime, data: HeadData, options: MlpOptions): Promise<MlpHead> {
  checkHeadData(data);
  const rows = stacked(data);
  const standardization = standardizationOf(rows, data.size);
  const training = new MlpTraining(runtime, data, standardized(rows, standardization), options);
  await training.open();
  try {
    const folds = foldsOf(data, options.seed);
    const held = folds && [...data.labels.keys()].filter((image) => folds.foldOf[image] === 0);
    const scores = held?.length ? await training.search(new Set(held)) : undefined;
    const epochs = scores ? leastLoss(scores) + 1 : BLIND_EPOCHS;
    await training.begin(new Set());
    for (let epoch = 0; epoch < epochs; epoch++) {
      options.onProgress?.(epoch, epochs);
      await training.epoch(epoch);
    }
    const { hidden, head } = await training.layers();
    const all = [...data.labels.keys()];
    const { loss, accuracy } = scoreOf(training.rows, data, { hidden, head }, all);
    return {
      kind: 'mlp',
      ...head,
      hidden: foldStandardization(hidden, standardization),
      epochs,
      ...(scores && { heldOut: scores }),
      loss,
      accuracy,
    };
  } finally {
    await training.dispose();
  }
}

interface Layers {
  readonly hidden: DenseWeights;
  readonly head: DenseWeights;
}

/** The training of one head, begun once for the number of epochs and once for the head itself. */
class MlpTraining {
  readonly rows: Float32Array;
  readonly #runtime: Runtime;
  readonly #data: HeadData;
  readonly #options: MlpOptions;
  readonly #units: number;
  readonly #dropout: number;
  readonly #batch: number;
  readonly #weights: readonly number[];
  readonly #optimizer = optimizerFrom(OPTIMIZER);
  #step!: ReturnType<typeof mlpStep>;
  #executable!: Awaited<ReturnType<Runtime['compile']>>;
  #state!: GraphState;
  #used: readonly number[] = [];
  #steps = 0;

  constructor(runtime: Runtime, data: HeadData, rows: Float32Array, options: MlpOptions) {
    const { units = HIDDEN_LAYER.units, dropout = HIDDEN_LAYER.dropout, classWeight } = options;
    this.rows = rows;
    this.#runtime = runtime;
    this.#data = data;
    this.#options = options;
    this.#units = units;
    this.#dropout = dropout;
    this.#batch = Math.min(BATCH, data.labels.length);
    const { name, labels, classNames } = data;
    this.#weights = classWeights({ name, size: labels.length, labels, classNames }, classWeight);
  }

  async open(): Promise<void> {
    const { size, classNames } = this.#data;
    const { target } = this.#runtime;
    this.#step = mlpStep({
      batch: this.#batch,
      size,
      units: this.#units,
      classes: classNames.length,
      dropout: this.#dropout,
      labelSmoothing: this.#options.labelSmoothing,
      optimizer: this.#optimizer,
      target,
    });
    const { model, carry } = this.#step;
    this.#executable = await this.#runtime.compile(model, { carry });
  }

  dispose(): Promise<void> {
    return this.#executable.dispose();
  }

  /** First weights, and which images are left out. */
  async begin(heldOut: ReadonlySet<number>): Promise<void> {
    const { parameters, groups } = this.#step;
    const { labels, views } = this.#data;
    this.#state = new GraphState(parameters, groups, { average: false, accumulate: false });
    this.#state.write(initialWeights(parameters, this.#options.seed));
    this.#steps = 0;
    this.#used = Array.from({ length: labels.length * views.length }, (_, row) => row).filter(
      (row) => !heldOut.has(row % labels.length),
    );
  }

  /** Goes once through all views of the images, in batches of one size: the last is filled from the beginning. */
  async epoch(epoch: number): Promise<void> {
    const { seed } = this.#options;
    const order = random(seed, 'head-shuffle', epoch).permutation(this.#used.length);
    for (let start = 0; start < order.length; start += this.#batch) {
      const rows = Array.from(
        { length: this.#batch },
        (_, i) => this.#used[order[(start + i) % order.length]],
      );
      await this.#train(rows);
    }
  }

  async #train(rows: readonly number[]): Promise<void> {
    const { size, labels, classNames } = this.#data;
    const classes = classNames.length;
    const features = new Float32Array(rows.length * size);
    const targets = new Float32Array(rows.length * classes);
    rows.forEach((row, i) => {
      features.set(this.rows.subarray(row * size, (row + 1) * size), i * size);
      const label = labels[row % labels.length];
      targets[i * classes + label] = this.#weights[label];
    });
    this.#steps++;
    const rate = this.#optimizer.learningRate.at(this.#steps - 1, { steps: 1, stepsPerEpoch: 1 });
    const scalars = this.#optimizer.scalars(this.#steps, rate);
    const feeds = {
      features: float32([rows.length, size], features),
      targets: float32([rows.length, classes], targets),
      ...(this.#step.mask && {
        [this.#step.mask]: float32([rows.length, this.#units], this.#mask(rows.length)),
      }),
    };
    const [{ loss }] = await this.#state.step(
      [{ executable: async () => this.#executable, feeds, fraction: 1 }],
      { groups: [scalars], averageFraction: 0 },
    );
    if (Number.isFinite(Number(loss.data[0]))) return;
    throw new HarrierError('diverged', 'the loss of the head is not finite', {
      where: this.#data.name,
      next: 'Take a linear head: --head linear.',
      options: ['head'],
    });
  }

  #mask(rows: number): Float32Array {
    const rate = this.#dropout;
    const stream = random(this.#options.seed, 'head-dropout', this.#steps);
    return Float32Array.from({ length: rows * this.#units }, () =>
      stream.uniform() < rate ? 0 : 1 / (1 - rate),
    );
  }

  /** Scores on images that are left out, epoch by epoch, until they get no better. */
  async search(heldOut: ReadonlySet<number>): Promise<EpochScore[]> {
    const { earlyStopping = PATIENCE, onProgress } = this.#options;
    const images = [...heldOut];
    const scores: EpochScore[] = [];
    await this.begin(heldOut);
    while (scores.length < MOST_EPOCHS && scores.length - 1 - leastLoss(scores) < earlyStopping) {
      onProgress?.(scores.length, MOST_EPOCHS);
      await this.epoch(scores.length);
      scores.push(scoreOf(this.rows, this.#data, await this.layers(), images));
    }
    return scores;
  }

  async layers(): Promise<Layers> {
    const arrays = await this.#state.read();
    const layer = (name: string) => ({
      kernel: arrays.get(`${name}/kernel`)!.slice(),
      bias: arrays.get(`${name}/bias`)!.slice(),
    });
    return { hidden: layer('hidden'), head: layer('head') };
  }
}

/** The place of the lowest loss; −1 where there is none. */
function leastLoss(scores: readonly EpochScore[]): number {
  return scores.reduce((best, { loss }, i) => (best < 0 || loss < scores[best].loss ? i : best), -1);
}

/** How good layers are on some images, as they are. */
function scoreOf(
  rows: Float32Array,
  { size, labels }: Pick<HeadData, 'size' | 'labels'>,
  { hidden, head }: Layers,
  images: readonly number[],
): EpochScore {
  let [loss, right] = [0, 0];
  for (const image of images) {
    const inner = weighted(rows.subarray(image * size, (image + 1) * size), hidden).map((x) =>
      Math.max(0, x),
    );
    const scores = weighted(inner, head);
    const most = Math.max(...scores);
    const sum = scores.reduce((total, score) => total + Math.exp(score - most), 0);
    loss += Math.log(sum) + most - scores[labels[image]];
    right += Number(scores.indexOf(most) === labels[image]);
  }
  return { loss: loss / images.length, accuracy: right / images.length };
}

/** What a Dense layer makes of a row, without an activation. */
export function weighted(row: ArrayLike<number>, { kernel, bias }: DenseWeights): Float64Array {
  const units = bias.length;
  const sums = Float64Array.from(bias);
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (value === 0) continue;
    for (let unit = 0; unit < units; unit++) sums[unit] += value * kernel[i * units + unit];
  }
  return sums;
}
