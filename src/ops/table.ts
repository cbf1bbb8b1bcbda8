import { HarrierError } from '../errors.ts';
import {
  GraphBuilder,
  type Graph,
  type InferTypes,
  qualifiedName,
  type Shape,
  type Value,
} from '../onnx/index.ts';
import { arithmetic } from './arithmetic.ts';
import { convolution } from './convolution.ts';
import { InferContext, type OpDefinition } from './definition.ts';
import { elementwise } from './elementwise.ts';
import { matrix } from './matrix.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { reduction } from './reduction.ts';

/** Every op that Harrier knows, by qualified name. */
export const OPS: ReadonlyMap<string, OpDefinition> = new Map(
  [elementwise, arithmetic, matrix, convolution, pooling, normalization, reduction, movement]
    .flat()
    .map((definition) => [qualifiedName(definition.opType, definition.domain), definition]),
);

/** @throws HarrierError `not-supported` when the op is not in the table */
export function definitionOf(opType: string, domain: string): OpDefinition {
  const name = qualifiedName(opType, domain);
  const definition = OPS.get(name);
  if (definition) return definition;
  throw new HarrierError('not-supported', `Harrier does not know the op ${name}`, {
    next: 'docs/ops.md lists those it knows, docs/adding-an-op.md tells how to add one.',
  });
}

const inferTypes: InferTypes = (node, outputCount) =>
  definitionOf(node.opType, node.domain).infer(new InferContext(node, outputCount));

/** An empty graph whose values get their types from the op table. */
export function createGraph(name: string): GraphBuilder {
  return new GraphBuilder(name, inferTypes);
}

/**
 * Rebuilds a finished graph inside a builder.
 * @param inputs what takes the place of the graph's inputs, by name; others become inputs of the builder
 * @param initializers likewise for its initializers (a trainable weight is an input)
 * @returns the values of the graph, by name
 */
export function importGraph(
  builder: GraphBuilder,
  graph: Graph,
  inputs: Readonly<Record<string, Value>> = {},
  initializers: Readonly<Record<string, Value>> = {},
): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const { name, type, shape } of graph.inputs) {
    values.set(name, inputs[name] ?? builder.input(name, type, shape as Shape));
  }
  for (const [name, tensor] of graph.initializers) {
    values.set(name, initializers[name] ?? builder.initializer(name, tensor));
  }
  for (const node of graph.nodes) {
    const made =
      node.opType === 'Constant' && node.domain === ''
        ? [constantOf(builder, node.attributes, node.name)]
        : builder.ops(
            node.opType,
            node.inputs.map((input) => (input === '' ? undefined : values.get(input))),
            node.attributes,
            { domain: node.domain, name: node.outputs[0], outputs: node.outputs.length },
          );
    node.outputs.forEach((output, i) => values.set(output, made[i]));
  }
  return values;
}

function constantOf(builder: GraphBuilder, attributes: Graph['nodes'][number]['attributes'], name: string): Value {
  const { value } = attributes;
  if (typeof value === 'object' && 'tensor' in value) return builder.constant(value.tensor);
  throw new HarrierError('not-supported', 'a Constant that is no tensor', { where: name });
}
