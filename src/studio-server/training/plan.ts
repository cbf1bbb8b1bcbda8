import { augmentationText } from '../../data/augmentation/index.ts';
import { augmentationWords } from '../../data/augmentation/words.ts';
import type { ImageShape } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import { formatCount } from '../../format/format.ts';
import { describeHardware } from '../../platform/node/engine/hardware.ts';
import { newRun } from '../../platform/node/runs/new-run.ts';
import { optionOf } from '../../runs/option-of.ts';
import { previewRun } from '../../runs/prepare-run.ts';
import type { RunOptions } from '../../runs/run-record.ts';
import { timeEstimate } from '../../runs/time-estimate.ts';
import type { OptionValue, RecipeField, RunPlan } from '../api.ts';
import type { DatasetLibrary } from '../datasets/dataset-library.ts';
import type { CheckedRequest, ReadWords } from './request.ts';
import type { RunLibrary } from './run-library.ts';

/** What a plan is made with. */
export interface PlanSources {
  readonly datasets: DatasetLibrary;
  readonly runs: RunLibrary;
  readonly readWords: ReadWords;
}

/**
 * What a run that somebody wants would be: the values of all its fields, its images, and how long it takes. By the code
 * that begins runs.
 *
 * @throws HarrierError why the data cannot be opened
 */
export async function planOf(
  request: CheckedRequest,
  { datasets, runs, readWords }: PlanSources,
): Promise<RunPlan> {
  const { data, words, model, problems, fields } = request;
  const opened = await (await datasets.get(data)).asCorrected();
  const { spec } = datasets.source(data);
  const whole = {
    train: opened.train.size,
    validation: opened.validation?.size ?? 0,
    test: opened.test.size,
  };
  try {
    const given = await readWords([...words, '--data', spec]);
    const { options: wanted, ...method } = await newRun(given, undefined, model);
    const { options, images } = previewRun(wanted, opened, method);
    const shape = model
      ? { height: model.network.inputShape[0], width: model.network.inputShape[1] }
      : shapeOf(options, opened.train.imageShape);
    const counts = {
      train: images.train.size,
      validation: images.validation?.size ?? 0,
      test: opened.test.size,
    };
    const estimate = timeEstimate(
      { options, images: counts, imageShape: shape },
      await runs.finished(),
      describeHardware(),
    );
    return {
      fields: fields.map((field) => withValue(field, options, { shape, images: opened.train.size })),
      images: counts,
      imageShape: shape,
      problems,
      ...(estimate && { estimate }),
    };
  } catch (error) {
    if (!(error instanceof HarrierError)) throw error;
    const shape = model?.network.inputShape ?? [
      opened.train.imageShape.height,
      opened.train.imageShape.width,
    ];
    return {
      fields,
      images: whole,
      imageShape: { height: shape[0], width: shape[1] },
      problems,
      problem: error.message,
    };
  }
}

type Shape = Pick<ImageShape, 'height' | 'width'>;

/** The size that a network of its own gets: the one that was given, else that of the images as they are opened. */
function shapeOf({ imageSize }: RunOptions, { height, width }: Shape): Shape {
  return imageSize === undefined ? { height, width } : { height: imageSize, width: imageSize };
}

/** What is known of the images. */
interface Images {
  readonly shape: Shape;
  /** Training images that there are. */
  readonly images: number;
}

/** A field with the value that a run will have, and with what leaving it empty means where it has none. */
function withValue(field: RecipeField, options: RunOptions, known: Images): RecipeField {
  const value = fieldValue(field, options, known);
  if (value !== undefined && value !== null) return { ...field, default: value };
  return { ...field, default: null, empty: emptyOf(field, options, known) };
}

/** The value that a run has for a field; null or undefined: none. */
export function fieldValue(
  field: RecipeField,
  options: RunOptions,
  { shape }: Images,
): OptionValue | null | undefined {
  const { name } = field;
  const { augmentation = [], recipeOptions = {} } = options;
  if (Object.hasOwn(recipeOptions, name)) return recipeOptions[name];
  switch (name) {
    case 'learningRate':
      return Number(Number(optionOf(name, options)).toPrecision(4));
    case 'augment':
      if (field.type === 'choice') return augmentation.length > 0 ? 'flip' : 'none';
      return augmentationWords(augmentation);
    case 'classWeight':
      return options.classWeight === 'balanced' ? 'balanced' : 'none';
    case 'imageSize':
      return shape.width;
    case 'multiLabel':
      return options.multiLabel ?? false;
    case 'time':
      return options.time === undefined ? null : options.time / 60;
    default: {
      const value = optionOf(name, options);
      return isValue(value) ? value : field.default;
    }
  }
}

function isValue(value: unknown): value is OptionValue {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
}

function emptyOf({ name }: RecipeField, { augmentation = [] }: RunOptions, { images }: Images): string {
  if (name === 'limit') return `all ${formatCount(images)}`;
  return name === 'augment' ? augmentationText(augmentation) : 'off';
}
