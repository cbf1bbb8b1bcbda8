import type { Dataset } from '../data/dataset.ts';
import { resolutionOver } from '../data/resolution.ts';
import { HarrierError } from '../errors.ts';
import { HIDDEN_LAYER } from '../heads/index.ts';
import {
  Network,
  type NetworkConfig,
  type NewHead,
  type NewHeadOptions,
  type TrainedNetwork,
  type Weights,
  withHiddenLayer,
  withNewHead,
} from '../models/index.ts';
import { type Optimizer, optimizerFrom } from '../optimizers/index.ts';
import type { HeadKind } from '../options/words.ts';
import {
  fineTuningLength,
  lengthForFewImages,
  networkOf,
  normalizationOf,
  optimizerForBatch,
  type Recipe,
} from '../recipes/index.ts';
import { checkFit } from '../training/index.ts';

import { type FineTunedFrom, fromField, type RunOptions } from './run-record.ts';
import type { StartingModel } from './starting-model.ts';
import { RUN_FILES } from './stored-run.ts';
import type { TrainingImages } from './training-images.ts';

/** What a new run is made from: a recipe, or a model that is trained on. */
export interface RunMethod {
  /** With its settings. */
  readonly recipe?: Recipe;
  /** In place of a recipe, with the option `from`: the model that it names. */
  readonly from?: StartingModel;
  /** Settings that somebody chose: few images do not change them. */
  readonly chosen?: readonly string[];
  /** In place of both: the network of a run that is resumed. */
  readonly stored?: NetworkConfig;
  /** Opens the model again that a fine-tuning began with, where a resumed run has no checkpoint yet. */
  readonly reopen?: (from: FineTunedFrom) => Promise<TrainedNetwork>;
}

/** What is trained, and how: all that follows from the options, the images and the method. */
export interface RunPlan {
  /** With the length, the batches and the learning rates that suit the number of images. */
  readonly options: RunOptions;
  readonly network: Network;
  readonly optimizer: Optimizer;
  /** What a fine-tuning begins with; absent where the seed draws it. */
  readonly firstWeights?: () => Promise<Weights>;
}

/**
 * Makes the network and optimizer of a run, and finds how long it takes.
 *
 * @throws HarrierError when the options, the images and the method do not fit together; `bad-checkpoint` when the
 *   stored network or an option of a resumed run cannot be used
 */
export function planRun(
  wanted: RunOptions,
  { train, validation }: TrainingImages,
  { recipe, from, chosen, stored, reopen }: RunMethod,
): RunPlan {
  const own = <T>(field: string, make: () => T): T =>
    stored ? fromField(field, RUN_FILES.record, make) : make();
  const wantedOptimizer = own('options.optimizer', () => optimizerFrom(wanted.optimizer));
  const options = plannedOptions(wanted, train.size, { recipe, from, chosen });
  const optimizer =
    options.optimizer === wanted.optimizer ? wantedOptimizer : optimizerFrom(options.optimizer);
  if (from) checkSize(from, train);
  const classes = train.classNames.length;
  const tuned = (model: TrainedNetwork) =>
    withHead(model, { classes, trainable: wanted.from!.trainable, seed: wanted.seed }, wanted.head);
  const begun = from && tuned(from);
  const network =
    begun?.network ?? (recipe ? builtBy(recipe, train) : own('network', () => Network.from(stored!)));
  checkFit({ ...options, network, train, validation });
  return {
    options,
    network,
    optimizer,
    ...(wanted.from && {
      firstWeights: async () => {
        const { weights } = begun ?? tuned(await reopen!(wanted.from!));
        // A run that an older version began may have a last layer without biases.
        return new Map(network.parameters.map(({ name }) => [name, weights.get(name)!]));
      },
    }),
  };
}

/** The options of a new run on a number of training images: with the length, batches and rates that suit them. */
export function plannedOptions(
  wanted: RunOptions,
  images: number,
  { recipe, from, chosen }: Pick<RunMethod, 'recipe' | 'from' | 'chosen'>,
): RunOptions {
  return {
    ...wanted,
    ...(recipe && methodForImages(recipe, wanted, images, chosen)),
    ...(from && !wanted.head && lengthOfFineTuning(from.network, wanted, images, chosen)),
    // A head is fitted on all images at once, until it gets no better.
    ...(wanted.head && { epochs: 1, batchSize: images }),
  };
}

/** The network with its new last layer, and a hidden one before that where the head has one. */
function withHead(model: TrainedNetwork, options: NewHeadOptions, kind: HeadKind | undefined): NewHead {
  const changed = withNewHead(model, options);
  return kind === 'mlp' ? withHiddenLayer(changed, { ...HIDDEN_LAYER, seed: options.seed }) : changed;
}

function builtBy(recipe: Recipe, train: Dataset): Network {
  const { height, width } = train.imageShape;
  return networkOf(recipe, {
    inputShape: [height, width, 3],
    classes: train.classNames.length,
    normalization: recipe.normalization === 'data' ? normalizationOf(train) : undefined,
  });
}

/** Length, batches and learning rates that suit a number of images, but for the settings that somebody chose. */
function methodForImages(
  recipe: Recipe,
  wanted: RunOptions,
  images: number,
  chosen?: readonly string[],
): Pick<RunOptions, 'batchSize' | 'epochs' | 'optimizer' | 'resolution'> {
  const length = lengthForFewImages(recipe, wanted, images, chosen);
  const batch = Math.min(length.batchSize, images);
  const { resolution } = wanted;
  return {
    ...length,
    optimizer: optimizerForBatch(recipe, wanted.optimizer, batch, chosen),
    // Epochs that somebody named stay where they are.
    ...(resolution &&
      resolution === recipe.resolution && {
        resolution: resolutionOver(resolution, recipe.epochs, length.epochs),
      }),
  };
}

/** How long a fine-tuning takes, but for the settings that somebody chose. */
function lengthOfFineTuning(
  network: Network,
  { batchSize, epochs, from }: RunOptions,
  images: number,
  chosen: readonly string[] = [],
): Pick<RunOptions, 'batchSize' | 'epochs'> {
  const length = fineTuningLength(
    network,
    images,
    from!.trainable,
    chosen.includes('batchSize') ? batchSize : undefined,
  );
  return { ...length, ...(chosen.includes('epochs') && { epochs }) };
}

/** @throws HarrierError `bad-data` when the images have another size than those that a model looks at */
function checkSize({ network: { inputShape }, name: model }: StartingModel, { name, imageShape }: Dataset) {
  if (imageShape.height === inputShape[0] && imageShape.width === inputShape[1]) return;
  throw new HarrierError('bad-data', `its images have another size than those that ${model} looks at`, {
    where: name,
    expected: `${inputShape[1]} × ${inputShape[0]}`,
    received: `${imageShape.width} × ${imageShape.height}`,
    next: 'Fine-tune another model, or give a folder of images, which are scaled.',
    options: ['from', 'data'],
  });
}
