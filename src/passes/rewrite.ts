import { HarrierError } from '../errors.ts';
import { type Graph, type GraphBuilder, type Node, qualifiedName, type Value } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';

/** A node of the graph that a pass reads, and the builder of the graph that it writes. */
export interface NodeToRewrite {
  readonly graph: GraphBuilder;
  readonly node: Node;
  /** The node's inputs in the new graph; undefined for an optional one that is left out. */
  readonly inputs: readonly (Value | undefined)[];
}

/** Writes a node in another way and returns its outputs; undefined leaves the node as it is. */
export type Rewrite = (given: NodeToRewrite) => readonly Value[] | undefined;

/**
 * Builds a graph anew, node by node: each as `rewriteWith` writes it. Inputs, outputs and initializers keep their
 * names. Nodes whose outputs nothing reads any more are left out.
 *
 * @param start is called with the builder first, and returns how to write nodes
 */
export function rewrite(graph: Graph, start: (builder: GraphBuilder) => Rewrite): Graph {
  const builder = createGraph(graph.name);
  const values = new Map<string, Value>();
  for (const { name, type, shape } of graph.inputs) values.set(name, builder.input(name, type, shape));
  for (const [name, tensor] of graph.initializers) values.set(name, builder.initializer(name, tensor));
  const write = start(builder);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : made(values, name, node)));
    const given = { graph: builder, node, inputs };
    (write(given) ?? keep(given)).forEach((value, i) => {
      values.set(node.outputs[i], value);
    });
  }
  for (const { name } of graph.outputs) builder.output(values.get(name)!, name);
  return builder.build();
}

/** Writes a node as it is, but for what `changes` says. */
export function keep({ graph, node, inputs }: NodeToRewrite, changes: Partial<KeptNode> = {}): Value[] {
  const { attributes, domain, outputs } = node;
  const options = { domain, name: outputs[0], outputs: outputs.length };
  return graph.ops(node.opType, changes.inputs ?? inputs, changes.attributes ?? attributes, options);
}

type KeptNode = Pick<NodeToRewrite, 'inputs'> & Pick<Node, 'attributes'>;

function made(values: ReadonlyMap<string, Value>, name: string, node: Node): Value {
  const value = values.get(name);
  if (value) return value;
  throw new HarrierError('bad-graph', `nothing before it makes its input "${name}"`, {
    where: `${qualifiedName(node.opType, node.domain)} "${node.name}"`,
  });
}
