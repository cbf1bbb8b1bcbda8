import { type GraphBuilder, int64 } from '../onnx/index.ts';
import { transpose } from '../ops/index.ts';
import type { Activations } from './layer.ts';

/** Whether (height, width, channels) and (channels, height, width) are the same order. */
function oneOrder([height, width, channels]: readonly number[]): boolean {
  return height * width === 1 || channels === 1;
}

/** The numbers of a row in Keras's order, (height, width, channels), whatever was flattened before. */
export function inKerasOrder(graph: GraphBuilder, { value, shape, flattened }: Activations): Activations {
  if (!flattened || oneOrder(flattened)) return { value, shape };
  const [height, width, channels] = flattened;
  const image = graph.op('Reshape', [value, graph.constant(int64([-1, channels, height, width]))]);
  return { value: graph.op('Flatten', [transpose(graph, image, [0, 2, 3, 1])]), shape };
}

/** The numbers of a row in the order that the graph has for rows made from images of shape `flattened`. */
export function inOrderOf(
  graph: GraphBuilder,
  input: Activations,
  flattened: Activations['flattened'],
): Activations {
  if (`${input.flattened}` === `${flattened}`) return input;
  const { value, shape } = inKerasOrder(graph, input);
  if (!flattened || oneOrder(flattened)) return { value, shape, flattened };
  const image = graph.op('Reshape', [value, graph.constant(int64([-1, ...flattened]))]);
  return { value: graph.op('Flatten', [transpose(graph, image, [0, 3, 1, 2])]), shape, flattened };
}
