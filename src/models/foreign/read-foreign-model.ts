import { PREPROCESSING_KEY, type Preprocessing, preprocessingOf } from '../../data/preprocessing.ts';
import { HarrierError } from '../../errors.ts';
import {
  decodeModel,
  type ExternalReader,
  type Graph,
  inlineFunctions,
  type Model,
  type NamedType,
} from '../../onnx/index.ts';
import { createGraph, importGraph } from '../../ops/index.ts';
import { CLASS_NAMES_KEY, classNamesOf, thresholdsOf } from '../contract.ts';
import type { TrainedNetwork } from '../trained-network.ts';
import { type Companions, type ImageFacts, imageFacts } from './companions.ts';
import { type ImageInput, imageInput } from './image-input.ts';
import { checkOptions, colour, type ForeignOptions, type ForeignReading } from './options.ts';
import { prepareGraph } from './prepare-graph.ts';
import { splitScores } from './split-scores.ts';
import { HEAD, toNetwork } from './to-network.ts';

/** Where a model of another program was read from. */
export interface ForeignSource {
  /** What to call the model in errors. */
  readonly where?: string;
  /** Texts of the files beside it. */
  readonly companions?: Companions;
  /** Reads weights that it keeps in other files. */
  readonly external?: ExternalReader;
}

/** A model of another program, as a network of Harrier. */
export interface ForeignModel extends TrainedNetwork {
  /** How it wants its images; their size is the network's `inputShape`. */
  readonly preprocessing: Preprocessing;
  /** The layer that gives the scores; absent for a model of features alone. */
  readonly head?: string;
  /** Each class has a probability of its own, from a sigmoid; absent: they add up to 1, or the model gives none. */
  readonly isMultiLabel?: true;
  /** From which probability each label counts, where the model says so itself: it then gives any number of them. */
  readonly thresholds?: readonly number[];
  /** In the order of its scores, where they are known. */
  readonly classNames?: readonly string[];
  /** How it was read: with these options, its file gives the same network again. */
  readonly reading: ForeignReading;
  /** What nobody said, and was assumed: a sentence each. */
  readonly assumed: readonly string[];
}

/** ImageNet's: what models are trained with unless they say otherwise. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const USUAL_SIZE = 224;
/** timm's. */
const USUAL: Preprocessing = { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' };

/**
 * Reads an ONNX model of another program as a network that can be run, trained on and explained: its graph up to the
 * features is one layer, `OnnxGraph`; its layer of scores is a `Dense` layer, which `withNewHead` replaces.
 *
 * How it wants its images is taken from `options`, else from its own metadata, else from the files beside it, else
 * assumed.
 *
 * @param given the bytes of its file, or the model
 * @throws HarrierError `bad-graph` for bytes that are no model, `not-supported` for one that does not take one image or
 *   holds what Harrier does not know, `bad-option` for options that do not fit it
 */
export function readForeignModel(
  given: Uint8Array | Model,
  options: ForeignOptions = {},
  { where = 'model', companions = {}, external }: ForeignSource = {},
): ForeignModel {
  const whole = given instanceof Uint8Array ? decodeModel(given, where, external) : given;
  const model = inlineFunctions(whole, where);
  checkOptions(options, where);
  const input = imageInput(model.graph, where);
  const facts = imageFacts(companions);
  const { reading, assumed } = readingOf(model, input, options, facts, where);
  const graph = graphOfSize(model.graph, input, reading, options, where);
  const split = splitScores(graph, outputOf(graph, where), shapesOf(graph), reading.features, where);
  const units = input.takesPixels && isPlain(reading) ? 1 : 255;
  const trained = toNetwork(
    graph,
    split,
    {
      mean: colour(reading.mean.map((value) => value * units)),
      deviation: colour(reading.std.map((value) => value * units)),
    },
    where,
  );
  // Scores that are no single layer's, such as the average of several views, have names all the same.
  const isOfFeatures = !split.scores && reading.features !== undefined;
  // An export of Harrier's without its sigmoid, for other programs, names them still.
  const thresholds = isOfFeatures
    ? undefined
    : thresholdsOf(model.metadata, trained.network.outputSize, where);
  const classNames = isOfFeatures ? undefined : namesOf(model, facts, trained.network.outputSize, where);
  return {
    ...trained,
    preprocessing: reading.preprocessing,
    ...(split.scores && { head: HEAD }),
    ...(split.isMultiLabel && { isMultiLabel: true }),
    ...(thresholds && { thresholds }),
    ...(classNames && { classNames }),
    reading,
    assumed,
  };
}

function readingOf(
  { metadata }: Model,
  input: ImageInput,
  options: ForeignOptions,
  facts: ImageFacts,
  where: string,
): Pick<ForeignModel, 'reading' | 'assumed'> {
  const assumed: string[] = [];
  const usual = input.takesPixels ? { mean: [0], std: [1] } : IMAGENET;
  // A graph that takes pixels scales them itself: what a file beside it says is done.
  const told = input.takesPixels ? {} : facts;
  const [mean, std] = [options.mean ?? told.mean, options.std ?? told.std];
  if (!input.takesPixels && (!mean || !std)) {
    assumed.push(
      `${where} does not say how its pixels are scaled: ImageNet's mean and deviation are assumed (--mean, --std).`,
    );
  }
  const own = Object.hasOwn(metadata, PREPROCESSING_KEY) ? preprocessingOf(metadata, where) : undefined;
  const known = own ?? facts.preprocessing;
  if (!known && !options.preprocessing?.resize) {
    assumed.push(
      `${where} does not say how images come to its size: the middle ${USUAL.cropFraction * 100}% is assumed (--resize).`,
    );
  }
  const { resize } = options.preprocessing ?? {};
  const base = known ?? USUAL;
  const preprocessing = {
    ...base,
    ...(resize && resize !== base.resize && { cropFraction: resize === 'crop' ? USUAL.cropFraction : 1 }),
    ...options.preprocessing,
  };
  return {
    reading: {
      mean: colour(mean ?? usual.mean),
      std: colour(std ?? usual.std),
      imageSize: sizeOf(input, options.imageSize, facts.imageSize, assumed, where),
      channelOrder: options.channelOrder ?? facts.channelOrder ?? 'rgb',
      ...(options.features !== undefined && { features: options.features }),
      preprocessing,
    },
    assumed,
  };
}

/** @throws HarrierError as `prepareGraph`; it says so where the weights are not for the size that was asked for */
function graphOfSize(
  graph: Graph,
  input: ImageInput,
  { imageSize, channelOrder }: ForeignReading,
  options: ForeignOptions,
  where: string,
): Graph {
  try {
    return prepareGraph(graph, input, imageSize, channelOrder, where);
  } catch (cause) {
    const isOfSize = cause instanceof HarrierError && cause.code === 'bad-shape';
    if (!isOfSize || options.imageSize === undefined) throw cause;
    throw new HarrierError(
      'bad-option',
      `with images of this size its weights do not fit: ${cause.summary}`,
      {
        ...cause.details,
        next: 'Position embeddings, and a matrix after Flatten, are for one size. Leave the image size out, or give the size that it was trained on.',
        options: ['imageSize'],
        cause,
      },
    );
  }
}

/** Whether pixels go in as they are. */
function isPlain({ mean, std }: ForeignReading): boolean {
  return mean.every((value) => value === 0) && std.every((value) => value === 1);
}

/** @throws HarrierError `bad-option` for another size than the model takes */
function sizeOf(
  { height, width }: ImageInput,
  given: ForeignOptions['imageSize'],
  known: readonly [number, number] | undefined,
  assumed: string[],
  where: string,
): readonly [number, number] {
  const wanted = typeof given === 'number' ? ([given, given] as const) : given;
  if (wanted && ((height ?? wanted[0]) !== wanted[0] || (width ?? wanted[1]) !== wanted[1])) {
    throw new HarrierError('bad-option', 'this model takes images of one size', {
      where,
      expected: `${width ?? 'any'} × ${height ?? 'any'}`,
      received: `${wanted[1]} × ${wanted[0]}`,
      next: 'Export it again with height and width left open, or leave it out: images are scaled to what the model needs.',
      options: ['imageSize'],
    });
  }
  if (wanted === undefined && !known && (height === undefined || width === undefined)) {
    assumed.push(
      `${where} takes images of any size: ${USUAL_SIZE} × ${USUAL_SIZE} is assumed (--image-size).`,
    );
  }
  const [rows, columns] = wanted ?? known ?? [USUAL_SIZE, USUAL_SIZE];
  return [height ?? rows, width ?? columns];
}

/**
 * The output with the scores: the only one, or else the one that is called so.
 * @throws HarrierError `not-supported` where several could be meant
 */
function outputOf({ outputs }: Graph, where: string): string {
  const named = outputs.filter(({ name }) => /logits|scores|prob|output_?label/i.test(name));
  const rows = outputs.filter(({ shape }) => shape.length === 2);
  const one = [outputs, named, rows].find((candidates) => candidates.length === 1)?.[0];
  if (one) return one.name;
  throw new HarrierError('not-supported', `this model has ${outputs.length} outputs`, {
    where,
    expected: 'one: scores, or features',
    received: outputs.map(({ name, shape }: NamedType) => `"${name}" (${shape.join(', ')})`).join(', '),
    next: 'Name the value that holds the features: --features NAME.',
  });
}

function shapesOf(graph: Graph): Map<string, NamedType['shape']> {
  const values = importGraph(createGraph(graph.name), graph);
  return new Map(Array.from(values, ([name, { shape }]) => [name, shape]));
}

function namesOf(
  model: Model,
  { classNames }: ImageFacts,
  classes: number,
  where: string,
): readonly string[] | undefined {
  if (Object.hasOwn(model.metadata, CLASS_NAMES_KEY)) return classNamesOf(model, classes, where);
  return classNames?.length === classes ? classNames : undefined;
}
