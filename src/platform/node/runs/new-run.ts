import { availableParallelism } from 'node:os';
import { type AugmentationConfig, mirrorsSides } from '../../../data/augmentation/index.ts';
import type { ClassWeight } from '../../../data/class-weight.ts';
import type { Resolution } from '../../../data/resolution.ts';
import { HarrierError } from '../../../errors.ts';
import type { ForeignOptions } from '../../../models/index.ts';
import { optimizerFrom } from '../../../optimizers/index.ts';
import { flagOf } from '../../../options/option.ts';
import type { OptionValues } from '../../../options/table.ts';
import type { HeadKind } from '../../../options/words.ts';
import {
  fineTuningMethod,
  type Recipe,
  readSettings,
  type Settings,
  type TrainingMethod,
  withSettings,
} from '../../../recipes/index.ts';
import { runOptions, viewsOfRun } from '../../../runs/run-options.ts';
import type { RunOptions, RunRecord } from '../../../runs/run-record.ts';
import type { StartingModel } from '../../../runs/starting-model.ts';
import type { FetchModelOptions } from '../backbones/fetch-model.ts';
import { defaultThreads } from '../engine/default-threads.ts';
import { type FoundRecipe, findRecipe, recipeIn } from './recipe-files.ts';
import { startingModel } from './starting-model.ts';

/** Values of the options that are lists, as they are read. */
interface Lists {
  readonly augmentation: readonly AugmentationConfig[];
  readonly classWeight: ClassWeight;
  readonly resolution: Resolution;
}

/** Options of commands that are no run's own: several runs, how long they may take, where they go. */
type AroundRuns =
  | ('seeds' | 'folds' | 'ensemble' | 'time' | 'dryRun' | 'out' | 'resume' | 'checkpointSeconds' | 'logTo')
  | ('json' | 'labelSmoothing' | 'allowRemote' | 'allowPrivate');

/**
 * Options of a new run: those of `harrier train` that are of one run, such as `validationSplit` for `--validation-split`.
 */
export interface NewRunOptions extends Omit<OptionValues<Lists>, AroundRuns | 'from'> {
  /** The model to fine-tune; true: the one that comes with Harrier. */
  readonly from?: string | true;
}

/** The options of `train` as they were typed, and what other commands add when they start it. */
export interface TrainOptions extends NewRunOptions, Pick<OptionValues<Lists>, AroundRuns> {
  /** The file to find `recipe` in by its name, where that is not the current folder's; absolute. */
  readonly recipeFile?: string;
  /** The folder of the seeds that this run is one of: the one to resume. */
  readonly partOf?: string;
  /** Which part of a cross-validation it is; without `held` the run that ends it. */
  readonly fold?: RunOptions['folds'];
  /** Seeds of the finished runs whose models this run averages. */
  readonly ensembleOf?: RunOptions['seeds'];
  /** The hash of the images that a cross-validation has divided: it goes on with these alone. */
  readonly sameImages?: string;
  /** The first of those seeds' runs, where there is one: this one must be like it, or averages it with the others. */
  readonly like?: RunRecord;
  /** The command that does this run again, where it is not the one that was typed. */
  readonly words?: readonly string[];
}

/** A new run: its recipe with the settings that were given, or the model that it fine-tunes, and its options. */
export interface NewRun {
  readonly recipe?: Recipe;
  readonly from?: StartingModel;
  readonly options: RunOptions;
  /** Settings that were given. */
  readonly chosen: readonly string[];
}

/**
 * Options of a new run: what was given, else those of the recipe, or of a fine-tuning.
 *
 * @param fetching who is told of the download of the model that `from` names
 * @param opened that model, where it is open already
 * @returns what `prepareRun` takes: `const { options, ...method } = await newRun({ data: './photos', recipe: 'quick' })`
 * @throws HarrierError `bad-option` for options that do not go together or cannot be used; `not-found` where there is no such
 *   recipe or model; `network` and others where the model cannot be fetched or read
 */
export async function newRun(
  given: NewRunOptions & Pick<TrainOptions, 'recipeFile' | 'fold' | 'time'>,
  fetching?: FetchModelOptions,
  opened?: StartingModel,
): Promise<NewRun> {
  if (given.from !== undefined) return newFineTuning(given, given.from, fetching, opened);
  const tuning = (['trainable', 'head'] as const).find((name) => given[name] !== undefined);
  if (tuning) {
    throw new HarrierError('bad-option', 'a recipe trains its whole network', {
      where: flagOf(tuning),
      next: 'Leave it out, or name a model to fine-tune: --from MODEL.',
    });
  }
  const [foreign] = Object.keys(foreignOptions({ ...given, imageSize: undefined, resize: undefined }));
  if (foreign !== undefined) {
    throw new HarrierError('bad-option', 'it tells how a model of another program is read', {
      where: flagOf(foreign),
      next: 'Leave it out, or name a model to fine-tune: --from MODEL.',
    });
  }
  const { recipe: found, file } = await givenRecipe(given);
  const settings = givenSettings(found, given);
  const recipe = withSettings(found, settings);
  const options = optionsOf(recipe, { ...given, ...smoothingOf(settings) });
  // Who has mirroring left out of the training has images of which mirror images are something else.
  const isUnmirrored = given.augment !== undefined && !mirrorsSides(options.augmentation);
  const views = given.tta ?? (isUnmirrored ? 'none' : recipe.testTimeAugmentation);
  // To name what it has anyway chooses nothing.
  const isSame = optimizerFrom(recipe.optimizer).name === optimizerFrom(found.optimizer).name;
  return {
    recipe,
    chosen: Object.keys(settings).filter((name) => !(name === 'optimizer' && isSame)),
    options: {
      ...options,
      ...(file && { recipeFile: file }),
      ...(recipe.options && { recipeOptions: recipe.options }),
      ...viewsOfRun(views, recipe.testTimeAugmentation),
    },
  };
}

/** @throws HarrierError when there is no such model, it cannot be trained on, or an option does not suit it */
async function newFineTuning(
  given: TrainOptions,
  model: string | true,
  fetching?: FetchModelOptions,
  opened?: StartingModel,
): Promise<NewRun> {
  if (given.recipe !== undefined) {
    throw new HarrierError('bad-option', '--recipe and --from cannot be combined', {
      next: 'A fine-tuned model keeps its own network. Leave out one of the two.',
    });
  }
  const { trainable = 'head' } = given;
  const from =
    opened ?? (await startingModel(model === true ? undefined : model, foreignOptions(given), fetching));
  const { name, path, hash, reading, imageSize, source, origin } = from;
  const method = fineTuningMethod(from.network, trainable);
  const settings = givenSettings(method, given);
  const head = headKind(given, Object.keys(settings));
  const isByItself = given.trainable === undefined && given.head === undefined;
  if (head && given.time !== undefined && !isByItself) {
    throw new HarrierError(
      'bad-option',
      'a head that is fitted on features has no epochs to fit into a time',
      {
        where: '--time',
        next: 'Leave it out. Without --trainable and --head, all layers are trained too where time allows, and the better model is kept.',
      },
    );
  }
  const known = head ? headMethod(method) : method;
  const options = optionsOf(
    withSettings(known, settings),
    { ...given, head, ...smoothingOf(settings) },
    from,
  );
  // A model that averages mirror images should know them.
  const mirrors = mirrorsSides(options.augmentation);
  return {
    from,
    chosen: Object.keys(settings),
    options: {
      ...options,
      ...(head && given.time !== undefined && { thenFineTune: true }),
      from: {
        name,
        ...(path && { path }),
        hash,
        trainable,
        ...(reading && { reading }),
        ...(imageSize !== undefined && { imageSize }),
        ...(source && { source }),
        // One that was fetched says itself what its publisher demands.
        ...(!source && origin && { origin }),
      },
      // A head has one view, unless somebody says otherwise.
      ...((given.tta !== undefined || !head) &&
        viewsOfRun(given.tta ?? (mirrors ? from.testTimeAugmentation : 'none'), from.testTimeAugmentation)),
    },
  };
}

/** Settings of a fine-tuning that mean something for a head too. */
const HEAD_SETTINGS = ['validationSplit', 'labelSmoothing'];
/** Options of training by steps. */
const STEP_OPTIONS = [
  'earlyStopping',
  'microBatch',
  'averageMomentum',
  'resolution',
  'sampling',
  'loss',
] as const satisfies (keyof TrainOptions)[];

/**
 * The kind of head that is fitted on features; undefined where layers are trained by steps.
 * @throws HarrierError `bad-option` for a head with options that only training by steps has
 */
function headKind(given: TrainOptions, settings: readonly string[]): HeadKind | undefined {
  const { trainable = 'head', head, augment } = given;
  if (trainable !== 'head') {
    if (head === undefined) return undefined;
    throw new HarrierError('bad-option', '--head and --trainable cannot be combined', {
      received: `--trainable ${trainable}`,
      next: 'A head is fitted while the layers before it stay: leave one of them out.',
    });
  }
  // A head sees each image as it is, and mirrored left to right.
  const views = augment?.filter((each) => !mirrorsSides([each])) ?? [];
  const steps = [
    ...settings.filter((name) => !HEAD_SETTINGS.includes(name)),
    ...STEP_OPTIONS.filter((name) => given[name] !== undefined),
    ...(views.length > 0 ? ['augment'] : []),
  ];
  if (steps.length === 0) return head ?? 'linear';
  if (head === undefined) return undefined;
  throw new HarrierError('bad-option', 'a head that is fitted on features is not trained by steps', {
    where: flagOf(steps[0]),
    next: 'Leave it out, or leave --head out.',
  });
}

/** What a head needs of a fine-tuning: each image as it is, and mirrored. */
function headMethod(method: TrainingMethod): TrainingMethod {
  return {
    ...method,
    loss: {},
    averageMomentum: undefined,
    augmentation: [{ name: 'RandomFlip' }],
  };
}

/** What was said of a model of another program. */
export function foreignOptions({
  mean,
  std,
  imageSize,
  channelOrder,
  features,
  resize,
}: Pick<
  TrainOptions,
  'mean' | 'std' | 'imageSize' | 'channelOrder' | 'features' | 'resize'
>): ForeignOptions {
  return {
    ...(mean && { mean }),
    ...(std && { std }),
    ...(imageSize !== undefined && { imageSize }),
    ...(channelOrder && { channelOrder }),
    ...(features !== undefined && { features }),
    ...(resize && { preprocessing: { resize } }),
  };
}

/** The label smoothing that was given, where it was. */
function smoothingOf({ labelSmoothing }: Settings): { readonly labelSmoothing?: number } {
  return typeof labelSmoothing === 'number' ? { labelSmoothing } : {};
}

/** What every run has: on a processor, with as many threads as there are cores unless fewer were given. */
function optionsOf(
  method: TrainingMethod,
  given: TrainOptions & { readonly labelSmoothing?: number },
  from?: StartingModel,
): RunOptions {
  const threads = Math.min(given.threads ?? defaultThreads(), availableParallelism());
  return runOptions(method, { ...given, threads }, from);
}

function givenRecipe({ recipe, recipeFile }: TrainOptions): Promise<FoundRecipe> {
  return recipe !== undefined && recipeFile ? recipeIn(recipeFile, recipe) : findRecipe(recipe);
}

/** Those options that are settings of the recipe; an option of its own counts before `--set`. */
export function givenSettings(
  recipe: TrainingMethod,
  { set = [], epochs, batchSize, optimizer, learningRate, validationSplit }: TrainOptions,
): Settings {
  const own = { epochs, batchSize, learningRate, validationSplit };
  return {
    ...readSettings(recipe, optimizer === undefined ? set : [...set, `optimizer=${optimizer}`]),
    ...(Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Settings),
  };
}
