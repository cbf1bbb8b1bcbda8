import { type TestTimeAugmentation, testTimeAugmentationNamed } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import { inKerasOrder, type ParameterSpec } from '../layers/index.ts';
import { elementCount, float32, type GraphBuilder, type Model, modelOf, type Value } from '../onnx/index.ts';
import { createGraph, div, labelScores, logitsOf, scalar } from '../ops/index.ts';
import { averageDoubtfulViews, averageViews } from './average-views.ts';
import { THRESHOLDS_KEY, thresholdsOf, UNKNOWN } from './contract.ts';
import type { Network } from './network.ts';
import { addDistance, addUnknown, REJECTION_KEY, type Rejection, rejectionMetadata } from './rejection.ts';
import { STORAGE_KEY, weightTensor } from './stored-weights.ts';
import { checkWeights, toGraphLayout, toKerasLayout, type Weights } from './weights.ts';

/** Metadata key of the views that the model averages; absent where it looks at each image once. */
export const VIEWS_KEY = 'harrier.testTimeAugmentation';
/** Metadata key of the largest probability below which a model looks at an image again; absent where it always does. */
export const VIEWS_BELOW_KEY = 'harrier.viewsBelow';
/** Metadata key of the layers that the model is made of: with the weights, all that training on needs. */
export const NETWORK_KEY = 'harrier.network';
/** Metadata key of what the model divides its logits by; absent where that is 1. */
const TEMPERATURE_KEY = 'harrier.temperature';

/** What an exported model does beside the network. */
export interface ExportOptions {
  /** Views of each image that the model averages, inside the graph. Default `none`. */
  readonly testTimeAugmentation?: TestTimeAugmentation;
  /**
   * Only images whose largest probability is below this, by one look, get the other views. Default: all images do. Not for
   * images with any number of labels, and not with a rejection.
   */
  readonly viewsBelow?: number;
  /** What logits are divided by before Softmax, so that probabilities mean what they say. Default 1. */
  readonly temperature?: number;
  /**
   * How it tells images that show none of its classes: the model then has a further output `unknown`, float32 `[N]`,
   * above 0.5 for these. Without a threshold, the output is `distance` instead, float32 `[N, 1]`. Default: it names a
   * class for every image.
   */
  readonly rejection?: Rejection | Pick<Rejection, 'layer' | 'means'>;
  /**
   * Images have any number of labels: each gets a probability by the logistic function, and from its threshold on counts as
   * given. Default: Softmax, one class for each image.
   */
  readonly thresholds?: readonly number[];
}

/** The output of a model that is exported to find the threshold of its rejection. */
export const DISTANCE = 'distance';

/**
 * A network with its weights as a model by Harrier's contract: input `image`, uint8 `[N, height, width, 3]`; output
 * `probabilities`, float32 `[N, classes]`. Scaling and normalisation are inside, and so is test-time augmentation: the
 * logits of the views are averaged (as in airbench) and divided by the temperature, then comes Softmax, or Sigmoid for
 * images with any number of labels. With a rejection there is a further output, `unknown`.
 *
 * The file also says what layers it is made of (`trainedNetwork` reads it), so that it can be trained on.
 *
 * @param metadata goes into the file's `metadata_props`: class names and where the model came from
 * @throws HarrierError `bad-checkpoint` when the weights belong to another network
 */
export function exportModel(
  network: Network,
  weights: Weights,
  metadata: Readonly<Record<string, string>> = {},
  options: ExportOptions = {},
): Model {
  const { testTimeAugmentation = 'none', temperature = 1, rejection, thresholds } = options;
  const viewsBelow = testTimeAugmentation === 'none' ? undefined : options.viewsBelow;
  checkWeights(network.parameters, weights, network.name);
  if (viewsBelow !== undefined && (rejection || thresholds)) throw notAdaptive(rejection !== undefined);
  const graph = createGraph(network.name);
  const image = graph.input('image', 'uint8', ['N', network.inputShape[0], network.inputShape[1], 3]);
  // Where the network stands in the graph twice, it has the same weights.
  const parameters = new Map<string, Value>();
  const rowsOf = (images: Value): Value[] => {
    let features: Value | undefined;
    const output = network.build(graph, images, {
      training: false,
      parameter: (spec) => {
        const known = parameters.get(spec.name) ?? atTopLevel(graph, spec, weights);
        parameters.set(spec.name, known);
        return known;
      },
      onCall: (layer, [input]) => {
        if (layer === rejection?.layer) features = inKerasOrder(graph, input).value;
      },
    });
    const rows = [thresholds ? labelScores(graph, output) : logitsOf(graph, output)];
    return rejection ? [...rows, addDistance(graph, features!, rejection.means)] : rows;
  };
  const [logits, distance] =
    viewsBelow === undefined
      ? averageViews(graph, image, testTimeAugmentation, rowsOf)
      : [
          averageDoubtfulViews(
            graph,
            image,
            testTimeAugmentation,
            { below: viewsBelow, temperature },
            (images) => rowsOf(images)[0],
          ),
        ];
  const scaled =
    temperature === 1
      ? logits
      : graph.in('temperature', () => div(graph, logits, scalar(graph, temperature)));
  const probabilities = thresholds
    ? graph.op('Sigmoid', [scaled])
    : graph.op('Softmax', [scaled], { axis: -1 });
  graph.output(probabilities, 'probabilities');
  const isFinished = rejection !== undefined && 'threshold' in rejection;
  if (isFinished) graph.output(addUnknown(graph, distance, probabilities, rejection), UNKNOWN);
  else if (distance) graph.output(distance, DISTANCE);
  const {
    [VIEWS_KEY]: _,
    [VIEWS_BELOW_KEY]: ______,
    [TEMPERATURE_KEY]: __,
    [STORAGE_KEY]: ___,
    [REJECTION_KEY]: ____,
    [THRESHOLDS_KEY]: _____,
    ...others
  } = metadata;
  return modelOf(graph.build(), {
    ...others,
    [NETWORK_KEY]: JSON.stringify(network.config()),
    ...(testTimeAugmentation !== 'none' && { [VIEWS_KEY]: testTimeAugmentation }),
    ...(viewsBelow !== undefined && { [VIEWS_BELOW_KEY]: `${viewsBelow}` }),
    ...(temperature !== 1 && { [TEMPERATURE_KEY]: `${temperature}` }),
    ...(isFinished && rejectionMetadata(rejection)),
    ...(thresholds && { [THRESHOLDS_KEY]: JSON.stringify(thresholds) }),
  });
}

/** The options that a model was exported with, by its own account. */
export function exportOptionsOf({
  metadata,
}: Pick<Model, 'metadata'>): Required<Pick<ExportOptions, 'testTimeAugmentation' | 'temperature'>> &
  Pick<ExportOptions, 'thresholds' | 'viewsBelow'> {
  const thresholds = thresholdsOf(metadata, undefined, 'metadata');
  return {
    ...(thresholds && { thresholds }),
    ...(metadata[VIEWS_BELOW_KEY] !== undefined && { viewsBelow: Number(metadata[VIEWS_BELOW_KEY]) }),
    testTimeAugmentation: testTimeAugmentationNamed(metadata[VIEWS_KEY] ?? 'none'),
    temperature: Number(metadata[TEMPERATURE_KEY] ?? 1),
  };
}

function notAdaptive(isRejecting: boolean): HarrierError {
  const kind = isRejecting ? 'says when an image shows none of its classes' : 'gives any number of labels';
  return new HarrierError('not-supported', `a model that ${kind} has no adaptive views`, {
    next: 'Use --tta flip or flip-shift.',
  });
}

function atTopLevel(graph: GraphBuilder, spec: ParameterSpec, weights: Weights): Value {
  const values = new Float32Array(weights.get(spec.name)!.length);
  toGraphLayout(spec, weights.get(spec.name)!, values);
  return graph.initializer(spec.name.split('/').at(-1)!, float32(spec.graphShape, values));
}

/**
 * The weights of a network from the model that `exportModel` made of it, also where they are stored in fewer bits.
 *
 * @param where what to call the model in errors
 * @throws HarrierError `bad-checkpoint` when the model is of another network, or holds its weights in another form
 */
export function weightsOf(network: Network, { graph }: Model, where: string): Weights {
  const weights = new Map<string, Float32Array>();
  for (const spec of network.parameters) {
    const stored = weightTensor(graph, spec.name);
    if (stored?.data.length !== elementCount(spec.shape)) {
      throw new HarrierError('bad-checkpoint', `the weights ${spec.name} are not in this model`, {
        where,
        expected: `float32 (${spec.graphShape.join(', ')})`,
        received: stored ? `${stored.type} (${stored.dims.join(', ')})` : 'nothing',
        next: 'Is the model of this run?',
      });
    }
    const values = new Float32Array(stored.data.length);
    toKerasLayout(spec, stored.data as Float32Array, values);
    weights.set(spec.name, values);
  }
  return weights;
}
