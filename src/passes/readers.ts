import type { Graph } from '../onnx/index.ts';

/** How many inputs of nodes read each value of a graph, by name; being an output of the graph counts as one more. */
export function countReaders(graph: Graph): Map<string, number> {
  const readers = new Map<string, number>();
  const read = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const { inputs } of graph.nodes) inputs.forEach(read);
  for (const { name } of graph.outputs) read(name);
  return readers;
}
