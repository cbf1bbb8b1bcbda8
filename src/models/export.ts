import { type TestTimeAugmentation, testTimeAugmentationNamed } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import type { ParameterSpec } from '../layers/index.ts';
import { elementCount, float32, type GraphBuilder, type Model, modelOf, type Value } from '../onnx/index.ts';
import { createGraph, div, logitsOf, scalar } from '../ops/index.ts';
import { averageViews } from './average-views.ts';
import type { Network } from './network.ts';
import { STORAGE_KEY, weightTensor } from './stored-weights.ts';
import { checkWeights, toGraphLayout, toKerasLayout, type Weights } from './weights.ts';

/** Metadata key of the views that the model averages; absent where it looks at each image once. */
export const VIEWS_KEY = 'harrier.testTimeAugmentation';
/** Metadata key of the layers that the model is made of: with the weights, all that training on needs. */
export const NETWORK_KEY = 'harrier.network';
/** Metadata key of what the model divides its logits by; absent where that is 1. */
const TEMPERATURE_KEY = 'harrier.temperature';

/** What an exported model does beside the network. */
export interface ExportOptions {
  /** Views of each image that the model averages, inside the graph. Default `none`. */
  readonly testTimeAugmentation?: TestTimeAugmentation;
  /** What logits are divided by before Softmax, so that probabilities mean what they say. Default 1. */
  readonly temperature?: number;
}

/**
 * A network with its weights as a model by Harrier's contract: input `image`, uint8 `[N, height, width, 3]`; output
 * `probabilities`, float32 `[N, classes]`. Scaling and normalisation are inside, and so is test-time augmentation: the
 * logits of the views are averaged (as in airbench) and divided by the temperature, then comes Softmax.
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
  { testTimeAugmentation = 'none', temperature = 1 }: ExportOptions = {},
): Model {
  checkWeights(network.parameters, weights, network.name);
  const graph = createGraph(network.name);
  const image = graph.input('image', 'uint8', ['N', network.inputShape[0], network.inputShape[1], 3]);
  const logits = averageViews(graph, image, testTimeAugmentation, (images) =>
    logitsOf(
      graph,
      network.build(graph, images, {
        training: false,
        parameter: (spec) => atTopLevel(graph, spec, weights),
      }),
    ),
  );
  const scaled = temperature === 1 ? logits : div(graph, logits, scalar(graph, temperature));
  graph.output(graph.op('Softmax', [scaled], { axis: -1 }), 'probabilities');
  const { [VIEWS_KEY]: _, [TEMPERATURE_KEY]: __, [STORAGE_KEY]: ___, ...others } = metadata;
  return modelOf(graph.build(), {
    ...others,
    [NETWORK_KEY]: JSON.stringify(network.config()),
    ...(testTimeAugmentation !== 'none' && { [VIEWS_KEY]: testTimeAugmentation }),
    ...(temperature !== 1 && { [TEMPERATURE_KEY]: `${temperature}` }),
  });
}

/** The options that a model was exported with, by its own account. */
export function exportOptionsOf({ metadata }: Pick<Model, 'metadata'>): Required<ExportOptions> {
  return {
    testTimeAugmentation: testTimeAugmentationNamed(metadata[VIEWS_KEY] ?? 'none'),
    temperature: Number(metadata[TEMPERATURE_KEY] ?? 1),
  };
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
