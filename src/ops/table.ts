import { HarrierError } from '../errors.ts';
import {
  float32,
  type Graph,
  GraphBuilder,
  type InferTypes,
  int64,
  type Node,
  qualifiedName,
  type Shape,
  tensor,
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

const ELEMENTWISE: ReadonlySet<string> = new Set(
  [...elementwise.map(({ opType }) => opType), 'Add', 'Sub', 'Mul', 'Div'].filter(
    // It may have a mask as a second output.
    (opType) => opType !== 'Dropout',
  ),
);

/** Whether an op computes each element from the elements at the same place alone, so that any layout will do. */
export function isElementwise(opType: string): boolean {
  return ELEMENTWISE.has(opType);
}

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
  for (const [name, contents] of graph.initializers) {
    values.set(name, initializers[name] ?? builder.initializer(name, contents));
  }
  for (const node of graph.nodes) {
    const outputs =
      node.opType === 'Constant' && node.domain === ''
        ? [constantOf(builder, node)]
        : builder.ops(
            node.opType,
            node.inputs.map((input) => (input === '' ? undefined : made(values, input, node))),
            node.attributes,
            { domain: node.domain, name: node.outputs[0], outputs: node.outputs.length },
          );
    node.outputs.forEach((output, i) => {
      if (outputs[i]) values.set(output, outputs[i]);
    });
  }
  return values;
}

function made(values: ReadonlyMap<string, Value>, name: string, node: Node): Value {
  const value = values.get(name);
  if (value) return value;
  throw new HarrierError('bad-graph', `nothing before it makes its input "${name}"`, {
    where: `${qualifiedName(node.opType, node.domain)} "${node.name}"`,
  });
}

function constantOf(builder: GraphBuilder, { attributes, name }: Node): Value {
  const { value, value_float, value_floats, value_int, value_ints } = attributes;
  if (typeof value === 'object' && 'tensor' in value) return builder.constant(value.tensor);
  if (typeof value_float === 'object' && 'float' in value_float) {
    return builder.constant(float32([], [value_float.float]));
  }
  if (typeof value_floats === 'object' && 'floats' in value_floats) {
    return builder.constant(float32([value_floats.floats.length], value_floats.floats));
  }
  if (typeof value_int === 'number') return builder.constant(tensor('int64', [], [value_int]));
  if (Array.isArray(value_ints)) return builder.constant(int64(value_ints));
  throw new HarrierError('not-supported', 'a Constant that holds no numbers', { where: name });
}
