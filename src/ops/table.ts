import { HarrierError } from '../errors.ts';
import {
  type Attributes,
  type Dimension,
  denseTensor,
  float32,
  formatShape,
  type Graph,
  GraphBuilder,
  type InferTypes,
  int64,
  intAttribute,
  intsAttribute,
  type Node,
  OPSET,
  qualifiedName,
  type Shape,
  tensor,
  type Value,
  type ValueType,
} from '../onnx/index.ts';
import { arithmetic } from './arithmetic.ts';
import { convolution } from './convolution.ts';
import { InferContext, type OpDefinition } from './definition.ts';
import { einsum } from './einsum.ts';
import { elementsOf } from './elements.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { matrix } from './matrix.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { quantization } from './quantization.ts';
import { reduction } from './reduction.ts';
import { sizes } from './sizes.ts';
import { checkStockAttributes } from './stock-attributes.ts';
import { checkOpset, upgrade } from './upgrade/upgrade.ts';
import { UPGRADES } from './upgrade/upgrades.ts';

/** Every op that Harrier knows, by qualified name. */
export const OPS: ReadonlyMap<string, OpDefinition> = new Map(
  [
    ...[elementwise, arithmetic, matrix, convolution, pooling, normalization, reduction, movement],
    ...[indexing, sizes, quantization, einsum],
  ]
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

/**
 * The definition of an op: shape inference and gradient rule.
 * @throws HarrierError `not-supported` when the op is not in the table
 */
export function definitionOf(opType: string, domain: string): OpDefinition {
  const name = qualifiedName(opType, domain);
  const definition = OPS.get(name);
  if (definition) return definition;
  throw new HarrierError('not-supported', `Harrier does not know the op ${name}`, {
    next: 'docs/ops.md lists the known ops; docs/adding-an-op.md shows how to add one.',
  });
}

const inferTypes: InferTypes = (node, outputCount) => {
  const context = new InferContext(node, outputCount);
  return context.named(() => {
    const { infer } = definitionOf(node.opType, node.domain);
    if (node.domain === '') checkStockAttributes(node.opType, node.attributes);
    const types = infer(context);
    const isSize = (size: Dimension) =>
      typeof size === 'string' ? size !== '' : Number.isSafeInteger(size) && size >= 0;
    const wrong = types.find(({ shape }) => !shape.every(isSize));
    if (wrong) context.fail(`its output would have the impossible shape ${formatShape(wrong.shape)}`);
    const elements = node.domain === '' ? elementsOf(node.opType, context, types[0]) : undefined;
    return elements ? types.with(0, { ...types[0], elements }) : types;
  });
};

/** The types that a node's outputs will have, without writing it. */
export function inferredTypes(node: NodeToWrite): ValueType[] {
  return inferTypes(node, node.outputs.length);
}

/** An empty graph whose values get their types from the op table. */
export function createGraph(name: string): GraphBuilder {
  return new GraphBuilder(name, inferTypes);
}

/** A node on its way into a builder, as the present operator set has it. */
export interface NodeToWrite {
  /** The node's name in its graph, or else its first output. */
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** Values of the builder; undefined for an optional input that is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** Names that the outputs have in the node's graph. */
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/**
 * Rebuilds a finished graph inside a builder, with ops of the present operator set.
 * @param inputs values that replace inputs of the graph, by name; all other inputs become inputs of the builder
 * @param initializers values that replace initializers, by name (a trainable weight is an input)
 * @param write writes a node in another way and returns its outputs; undefined keeps the node
 * @returns the values of the graph, by name
 * @throws HarrierError `not-supported` for an unknown op or operator set, `bad-graph` or `bad-shape` for a graph that
 *   contradicts itself
 */
export function importGraph(
  builder: GraphBuilder,
  graph: Graph,
  inputs: Readonly<Record<string, Value>> = {},
  initializers: Readonly<Record<string, Value>> = {},
  write: (node: NodeToWrite) => readonly Value[] | undefined = () => undefined,
): Map<string, Value> {
  const values = new Map<string, Value>();
  const given = (replacements: Readonly<Record<string, Value>>, name: string) =>
    Object.hasOwn(replacements, name) ? replacements[name] : undefined;
  for (const { name, type, shape, unranked } of graph.inputs) {
    if (unranked && !given(inputs, name)) {
      throw new HarrierError('not-supported', `the model does not state the shape of its input "${name}"`, {
        where: graph.name,
        next: 'Export it again with the shape of its input.',
      });
    }
    values.set(name, given(inputs, name) ?? builder.input(name, type, shape as Shape));
  }
  for (const [name, contents] of graph.initializers) {
    values.set(name, given(initializers, name) ?? builder.initializer(name, contents));
  }
  for (const [name, sparse] of graph.sparseInitializers ?? []) {
    values.set(name, given(initializers, name) ?? builder.initializer(name, denseTensor(sparse, name)));
  }
  const opset = graph.opset ?? OPSET;
  if (graph.nodes.some(({ domain }) => domain === '')) checkOpset(opset, graph.name);
  for (const node of graph.nodes) {
    const outputs =
      node.opType === 'Constant' && node.domain === ''
        ? [constantOf(builder, node)]
        : imported(builder, node, opset, values, write);
    node.outputs.forEach((output, i) => {
      if (outputs[i]) values.set(output, outputs[i]);
    });
  }
  return values;
}

/** Adds a node of any operator set to a builder, which holds nodes of the present one. */
function imported(
  builder: GraphBuilder,
  { opType, domain, name, inputs, outputs, attributes }: Node,
  opset: number,
  values: ReadonlyMap<string, Value>,
  write: (node: NodeToWrite) => readonly Value[] | undefined,
): readonly Value[] {
  if (outputs.length === 0) {
    throw new HarrierError('bad-graph', 'it has no output', {
      where: `${qualifiedName(opType, domain)} "${name}"`,
    });
  }
  const node = {
    opType,
    name: name || outputs[0],
    inputs: inputs.map((input) => (input === '' ? undefined : made(values, input, { opType, domain, name }))),
    attributes,
    outputs: outputs.length,
  };
  const current = domain === '' ? upgrade(UPGRADES, builder, node, opset) : node;
  if (!('opType' in current)) return current;
  const toWrite = { ...current, domain, outputs: outputs.slice(0, current.outputs) };
  return write(toWrite) ?? writeNode(builder, toWrite);
}

/** Adds a node to a builder as it is. */
export function writeNode(
  builder: GraphBuilder,
  { opType, domain, inputs, outputs, attributes }: NodeToWrite,
): Value[] {
  return builder.ops(opType, inputs, attributes, {
    domain,
    name: outputs[0] || opType,
    outputs: outputs.length,
  });
}

function made(
  values: ReadonlyMap<string, Value>,
  name: string,
  node: Pick<Node, 'opType' | 'domain' | 'name'>,
): Value {
  const value = values.get(name);
  if (value) return value;
  throw new HarrierError('bad-graph', `no node before it computes its input "${name}"`, {
    where: `${qualifiedName(node.opType, node.domain)} "${node.name}"`,
  });
}

function constantOf(builder: GraphBuilder, { attributes, name }: Node): Value {
  const { value, value_float, value_floats, value_int } = attributes;
  if (typeof value === 'object' && 'tensor' in value) return builder.constant(value.tensor);
  if (typeof value_float === 'object' && 'float' in value_float) {
    return builder.constant(float32([], [value_float.float]));
  }
  if (typeof value_floats === 'object' && 'floats' in value_floats) {
    return builder.constant(float32([value_floats.floats.length], value_floats.floats));
  }
  if (value_int !== undefined) {
    return builder.constant(tensor('int64', [], [intAttribute(attributes, 'value_int', 0)]));
  }
  const ints = intsAttribute(attributes, 'value_ints');
  if (ints) return builder.constant(int64(ints));
  throw new HarrierError('not-supported', 'a Constant that holds no numbers', { where: name });
}
