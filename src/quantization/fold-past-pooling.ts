import { floatAttribute, type Graph, intAttribute, type Node, numbersOf } from '../onnx/index.ts';

/**
 * Moves batch normalization with fixed statistics from behind a max-pooling to before it, where it can be folded into the
 * convolution: the largest of numbers stays the largest when all are multiplied by a positive number and shifted.
 * Normalizations with a γ that is not positive stay.
 */
export function foldPastPooling(graph: Graph): Graph {
  const makers = new Map(graph.nodes.map((node) => [node.outputs[0], node]));
  const readers = new Map<string, number>();
  for (const { inputs } of graph.nodes)
    for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const { name } of graph.outputs) readers.set(name, 2);
  const swapped = new Map<Node, Node>();
  for (const node of graph.nodes) {
    const pool = node.opType === 'BatchNormalization' ? makers.get(node.inputs[0]) : undefined;
    if (pool?.opType !== 'MaxPool' || pool.outputs.length !== 1) continue;
    if (readers.get(pool.outputs[0]) !== 1 || readers.get(pool.inputs[0]) !== 1) continue;
    if (makers.get(pool.inputs[0])?.opType !== 'Conv' || !isRising(graph, node)) continue;
    const between = `${node.outputs[0]}/beforePooling`;
    swapped.set(pool, { ...node, inputs: [pool.inputs[0], ...node.inputs.slice(1)], outputs: [between] });
    swapped.set(node, { ...pool, inputs: [between], outputs: node.outputs });
  }
  return swapped.size === 0
    ? graph
    : { ...graph, nodes: graph.nodes.map((node) => swapped.get(node) ?? node) };
}

function isRising({ initializers }: Graph, { inputs, outputs, attributes }: Node): boolean {
  if (outputs.length !== 1 || intAttribute(attributes, 'training_mode', 0) === 1) return false;
  const [gamma, , , variance] = inputs.slice(1).map((name) => initializers.get(name));
  const epsilon = floatAttribute(attributes, 'epsilon', 1e-5);
  return (
    gamma?.type === 'float32' &&
    variance?.type === 'float32' &&
    numbersOf(gamma).every((value) => value > 0) &&
    numbersOf(variance).every((value) => value + epsilon > 0)
  );
}
