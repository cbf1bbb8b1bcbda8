import type { Input, Layer, SymbolicTensor } from '../layers/index.ts';
import type { LossOptions } from '../losses/index.ts';
import type { Normalization } from '../models/index.ts';
import type { OptimizerConfig } from '../optimizers/index.ts';
import type { ViewChoice } from '../options/words.ts';
import type { BatchOptions } from '../training/index.ts';

/** The facts about the data that a recipe builds its network from. */
export interface RecipeInput {
  /** Height, width and channels of the images. */
  readonly inputShape: readonly [number, number, number];
  /** Number of classes. */
  readonly classes: number;
  /** That of the training images, for recipes that ask for it. */
  readonly normalization?: Normalization;
}

/** The value of one option of a recipe. */
export type OptionValue = number | string | boolean;

/** Options of a recipe's network, by name. */
export type RecipeOptions = Readonly<Record<string, OptionValue>>;

/** The training of a network, independent of the network; settings change its fields. */
export interface TrainingMethod<Options extends RecipeOptions = RecipeOptions> extends BatchOptions {
  /** The name that `--recipe` takes. */
  readonly name: string;
  /** Passes over the training images. */
  readonly epochs: number;
  /** Images per step. */
  readonly batchSize: number;
  /** The optimizer and its options, as plain JSON. */
  readonly optimizer: OptimizerConfig;
  /** Options of the cross-entropy, such as label smoothing. */
  readonly loss?: LossOptions;
  /** Fraction of the training images set aside to evaluate epochs on; 0 trains on all of them. */
  readonly validationSplit: number;
  /**
   * Whether validation images choose the epoch whose weights are kept. `false` keeps those of the last one: right where rates fall
   * to nothing, and few images tell epochs apart. Default true.
   */
  readonly keepBest?: boolean;
  /** What its network may be built with otherwise, each with its default: `--set filters=64` changes one. */
  readonly options?: Options;
}

/** A complete recipe: network, optimizer and length of training, with the accuracy that it reaches. */
export interface Recipe<Options extends RecipeOptions = RecipeOptions> extends TrainingMethod<Options> {
  /** One sentence for lists. */
  readonly description: string;
  /** What it should reach on CIFAR-10's test set, as a fraction, and where that figure comes from. */
  readonly target: { readonly accuracy: number; readonly note: string };
  /**
   * Training images that epochs and batch size are made for. With less than half of them, batches shrink and epochs become more, so
   * that a run has as many steps. Default: they hold for any number.
   */
  readonly images?: number;
  /**
   * Images in a batch that the learning rates are made for. With fewer they fall as `optimizerForBatch` says. Default: the rates
   * hold for batches of any size.
   */
  readonly learningRateBatchSize?: number;
  /** Side of the square images that it is made for, where the data has no size of its own. */
  readonly imageSize: number;
  /** What is done to pixels first; `data`: to mean 0 and deviation 1 of the training images' channels. Default: to 0–1. */
  readonly normalization?: Normalization | 'data';
  /** Views of each image that the finished model averages. Epochs are evaluated without. `adaptive`: its mirror image, for
   * images that the model is unsure of; needs validation images. Default `none`. */
  readonly testTimeAugmentation?: ViewChoice;
  /** The network as layers one after another. Either this or `outputs`. */
  layers?(input: RecipeInput, options: Options): Layer[];
  /** The network in the functional form: what layers make of an image, at the end one score for each class. */
  outputs?(image: Input, input: RecipeInput, options: Options): SymbolicTensor;
}

/** A recipe, with the types of its options known to its `layers` or `outputs`. */
export function defineRecipe<Options extends RecipeOptions>(recipe: Recipe<Options>): Recipe {
  return recipe;
}
