import type { ParameterSpec } from '../layers/index.ts';
import { float32, type Model, modelOf, type Value } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import type { Network } from './network.ts';
import { checkWeights, toGraphLayout, type Weights } from './weights.ts';

/**
 * A network with its weights as a model by Harrier's contract: input `image`, uint8 `[N, height, width, 3]`; output
 * `probabilities`, float32 `[N, classes]`. Scaling and normalisation are inside.
 *
 * @param metadata goes into the file's `metadata_props`: class names and where the model came from
 * @throws HarrierError `bad-checkpoint` when the weights belong to another network
 */
export function exportModel(
  network: Network,
  weights: Weights,
  metadata: Record<string, string> = {},
): Model {
  checkWeights(network.parameters, weights, network.name);
  const graph = createGraph(network.name);
  const image = graph.input('image', 'uint8', ['N', ...network.inputShape]);
  const output = network.build(graph, image, {
    training: false,
    parameter: (spec) => atTopLevel(graph, spec, weights),
  });
  graph.output(
    endsInSoftmax(graph, output) ? output : graph.op('Softmax', [output], { axis: -1 }),
    'probabilities',
  );
  return modelOf(graph.build(), metadata);
}

function atTopLevel(graph: ReturnType<typeof createGraph>, spec: ParameterSpec, weights: Weights): Value {
  const values = new Float32Array(weights.get(spec.name)!.length);
  toGraphLayout(spec, weights.get(spec.name)!, values);
  return graph.initializer(spec.name.split('/').at(-1)!, float32(spec.graphShape, values));
}

/** Whether a value was made by Softmax, so that it already holds probabilities. */
export function endsInSoftmax(graph: ReturnType<typeof createGraph>, value: Value): boolean {
  return graph.nodes.some(({ opType, outputs }) => opType === 'Softmax' && outputs[0] === value);
}
