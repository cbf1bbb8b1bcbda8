import { type ImageInput, imageInput } from '../data/dataset.ts';
import { preprocessingOf } from '../data/preprocessing.ts';
import { HarrierError } from '../errors.ts';
// Not the index: who only runs a finished model needs no codec.
import { type Dimension, formatShape, type Model, type NamedType } from '../onnx/types.ts';

export { UNKNOWN_FROM } from '../data/unknown.ts';

/** Metadata key of the names of a model's classes. */
export const CLASS_NAMES_KEY = 'harrier.classNames';

/** Metadata key of the thresholds of a model whose images have any number of labels: a list of numbers in JSON. */
export const THRESHOLDS_KEY = 'harrier.labelThresholds';

/** Names are made for all of them: beyond this a model is damaged, or no classifier. */
const MOST_CLASSES = 1_000_000;

/** An input or output of a model. */
export interface End extends Pick<NamedType, 'name' | 'shape'> {
  /** Type of the elements, also one that Harrier does not compute with. */
  readonly type: string;
}

/** What goes into a model and what comes out. */
export interface Ends {
  readonly inputs: readonly End[];
  readonly outputs: readonly End[];
}

/** Whether a model takes and gives what Harrier's models do: uint8 pixels to probabilities. */
export function keepsContract(ends: Ends): boolean {
  return knownEnds(ends) !== undefined;
}

function knownEnds({ inputs, outputs }: Ends): { image: End; output: End } | undefined {
  const [image] = inputs;
  const output = outputs.find(({ name }) => name === 'probabilities');
  return inputs.length === 1 && image.name === 'image' && output && isImage(image) && isProbabilities(output)
    ? { image, output }
    : undefined;
}

/** What a model by Harrier's contract says of itself. */
export interface Contract {
  readonly classNames: readonly string[];
  /** The images that it takes, and how an image of another size comes to it. */
  readonly imageShape: ImageInput;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether a further output, `unknown`, says for each image whether it shows none of the classes: above 0.5. */
  readonly tellsUnknown: boolean;
  /**
   * Where images have any number of labels: the probability of each label from which an image counts as having it.
   * Probabilities then do not add up to 1. Absent: each image has one class.
   */
  readonly thresholds?: readonly number[];
}

/** The further output of a model that tells images that show none of its classes. */
export const UNKNOWN = 'unknown';

/**
 * What a model says of itself, checked.
 * @throws HarrierError `not-supported` when it does not keep to the contract, `too-large` beyond any use
 */
export function contractOf(ends: Ends, metadata: Readonly<Record<string, string>>, where: string): Contract {
  const known = knownEnds(ends);
  if (!known) {
    const list = (values: readonly End[]) =>
      values.map(({ name, type, shape }) => `${name}: ${type}${formatShape(shape)}`).join(', ') || 'nothing';
    throw new HarrierError('not-supported', 'this model does not keep to the contract', {
      where,
      expected: 'image: uint8(N, height, width, 3) to probabilities: float32(N, classes)',
      received: `${list(ends.inputs)} to ${list(ends.outputs)}`,
      next: 'Use a model.onnx that harrier train wrote.',
    });
  }
  const [, height, width, channels] = known.image.shape.map(Number);
  const classes = Number(known.output.shape[1]);
  if (classes > MOST_CLASSES) {
    throw new HarrierError('too-large', 'this model has too many classes', {
      where,
      expected: `at most ${MOST_CLASSES}`,
      received: `${classes}`,
    });
  }
  const thresholds = thresholdsOf(metadata, classes, where);
  return {
    imageShape: imageInput({ height, width, channels }, preprocessingOf(metadata, where)),
    classNames: classNamesOf({ metadata }, classes, where),
    metadata,
    ...(thresholds && { thresholds }),
    tellsUnknown: ends.outputs.some(
      ({ name, type, shape }) => name === UNKNOWN && type === 'float32' && shape.length === 1,
    ),
  };
}

function isImage({ type, shape }: End): boolean {
  const [, height, width, channels] = shape;
  return type === 'uint8' && shape.length === 4 && isSize(height) && isSize(width) && channels === 3;
}

function isProbabilities({ type, shape }: End): boolean {
  return type === 'float32' && shape.length === 2 && isSize(shape[1]);
}

function isSize(size: Dimension): boolean {
  return typeof size === 'number' && size > 0;
}

/**
 * What a model's classes are called, by its metadata; "class 0" and so on where it does not say.
 * @throws HarrierError `bad-graph` when the names do not fit its outputs
 */
export function classNamesOf(
  { metadata }: Pick<Model, 'metadata'>,
  classes: number,
  where: string,
): string[] {
  const isName = (value: unknown) => typeof value === 'string';
  return (
    listIn<string>(metadata, CLASS_NAMES_KEY, isName, classes, 'its class names', where) ??
    numberedClasses(classes)
  );
}

/** Names of classes that were given none. */
export function numberedClasses(classes: number): string[] {
  return Array.from({ length: classes }, (_, i) => `class ${i}`);
}

/**
 * The thresholds of a model's labels, by its metadata; undefined where each image has one class.
 * @param classes how many there must be; undefined: any number
 * @throws HarrierError `bad-graph` when they do not fit its outputs
 */
export function thresholdsOf(
  metadata: Readonly<Record<string, string>>,
  classes: number | undefined,
  where: string,
): readonly number[] | undefined {
  const isThreshold = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1;
  return listIn(metadata, THRESHOLDS_KEY, isThreshold, classes, 'the thresholds of its labels', where);
}

/** What metadata lists for the classes of a model; undefined where it does not. */
function listIn<Item>(
  metadata: Readonly<Record<string, string>>,
  key: string,
  isItem: (value: unknown) => boolean,
  classes: number | undefined,
  what: string,
  where: string,
): Item[] | undefined {
  const json = metadata[key];
  if (json === undefined) return undefined;
  try {
    const items: unknown = JSON.parse(json);
    if (Array.isArray(items) && items.every(isItem) && items.length === (classes ?? items.length))
      return items;
  } catch {
    // Falls through to the error below.
  }
  throw new HarrierError('bad-graph', `${what} do not fit its outputs`, {
    where,
    received: json.slice(0, 200),
  });
}
