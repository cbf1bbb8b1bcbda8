import type { Graph, GraphBuilder, Value } from '../onnx/index.ts';
import { createGraph, importGraph, type NodeToWrite } from '../ops/index.ts';

/** Writes a node in another way and returns its outputs; undefined leaves the node as it is. */
export type Rewrite = (node: NodeToWrite) => readonly Value[] | undefined;

/**
 * Builds a graph anew, node by node: each as the pass writes it. Inputs, outputs and initializers keep their
 * names. Nodes whose outputs nothing reads any more are left out.
 *
 * @param start is called with the new graph's builder first, and returns how to write nodes
 */
export function rewrite(graph: Graph, start: (builder: GraphBuilder) => Rewrite): Graph {
  const builder = createGraph(graph.name);
  const values = importGraph(builder, graph, {}, {}, start(builder));
  for (const { name } of graph.outputs) builder.output(values.get(name)!, name);
  return builder.build();
}
