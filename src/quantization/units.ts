import { floatAttribute, type Graph, intAttribute, type Node, type Tensor } from '../onnx/index.ts';
import type { WeightLayout } from './integers.ts';

/**
 * Ops that are computed in integers together: one op, and the activation behind it where clipping integers does the
 * same.
 *
 * - `linear`: products with fixed weights, which is where the time goes;
 * - `join`: ops that combine values of different scales (sums, means, concatenations);
 * - `passing`: ops that only move values or choose among them, so that scale and zero point stay.
 */
export interface Unit {
  readonly kind: 'linear' | 'join' | 'passing';
  readonly node: Node;
  /** Names of the values that are computed with; not of weights. */
  readonly inputs: readonly string[];
  /** Name of what it computes, after its activation. */
  readonly output: string;
  readonly clip?: Clip;
}

/** An activation that cuts off: ReLU, ReLU6, Clip. */
export interface Clip {
  readonly node: Node;
  readonly lowest: number;
  readonly highest: number;
}

/** A unit with weights. */
export interface LinearUnit extends Unit {
  readonly kind: 'linear';
  readonly weight: string;
  readonly bias?: string;
  readonly layout: WeightLayout;
}

const JOINS = ['Add', 'Concat', 'AveragePool', 'GlobalAveragePool'];
const PASSING = ['MaxPool', 'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze'];

/** The units of a graph that was simplified, in its order, by the name of their op. */
export function unitsOf(graph: Graph): Map<string, Unit> {
  const readers = readersOf(graph);
  const units = new Map<string, Unit>();
  for (const node of graph.nodes) {
    const unit = node.domain === '' ? unitOf(graph, node, readers) : undefined;
    if (unit) units.set(node.outputs[0], unit);
  }
  return units;
}

/** The nodes that read each value. The outputs of the graph count as one that is no node. */
export function readersOf({ nodes, outputs }: Graph): Map<string, (Node | undefined)[]> {
  const readers = new Map<string, (Node | undefined)[]>();
  const read = (name: string, by: Node | undefined) => {
    const known = readers.get(name);
    if (known) known.push(by);
    else readers.set(name, [by]);
  };
  for (const node of nodes) for (const input of node.inputs) read(input, node);
  for (const { name } of outputs) read(name, undefined);
  return readers;
}

function unitOf(graph: Graph, node: Node, readers: ReturnType<typeof readersOf>): Unit | undefined {
  const { opType, inputs, outputs } = node;
  const [output] = outputs;
  const linear = linearParts(graph, node);
  if (linear)
    return { kind: 'linear', node, inputs: [inputs[0]], ...withClip(graph, output, readers), ...linear };
  const isFloat = inputs.every((name) => !graph.initializers.has(name));
  if (JOINS.includes(opType) && isFloat && inputs.length > 0) {
    return { kind: 'join', node, inputs, ...withClip(graph, output, readers) };
  }
  if (!PASSING.includes(opType) || outputs.length !== 1) return undefined;
  return { kind: 'passing', node, inputs: [inputs[0]], output };
}

function linearParts(
  { initializers }: Graph,
  { opType, inputs, attributes }: Node,
): Pick<LinearUnit, 'weight' | 'bias' | 'layout'> | undefined {
  const [x, weight, bias] = inputs;
  const kernel = float(initializers.get(weight));
  if (!kernel || initializers.has(x)) return undefined;
  const offset = bias ? float(initializers.get(bias)) : undefined;
  if (bias && offset?.dims.length !== 1) return undefined;
  const parts = { weight, ...(bias && { bias }) };
  if (opType === 'Conv')
    return kernel.dims.length === 4 ? { ...parts, layout: { axis: 0, along: 1 } } : undefined;
  if (kernel.dims.length !== 2) return undefined;
  if (opType === 'MatMul') return { ...parts, layout: { axis: 1, along: 0 } };
  if (opType !== 'Gemm' || intAttribute(attributes, 'transA', 0) === 1) return undefined;
  if (floatAttribute(attributes, 'alpha', 1) !== 1 || floatAttribute(attributes, 'beta', 1) !== 1)
    return undefined;
  const isTransposed = intAttribute(attributes, 'transB', 0) === 1;
  const [axis, along] = isTransposed ? [0, 1] : [1, 0];
  if (offset && offset.dims[0] !== kernel.dims[axis]) return undefined;
  return { ...parts, layout: { axis, along } };
}

/** The activation behind a value, where nothing else reads the value. */
function withClip(
  { initializers }: Graph,
  output: string,
  readers: ReturnType<typeof readersOf>,
): Pick<Unit, 'output' | 'clip'> {
  const [node, ...others] = readers.get(output) ?? [];
  if (!node || others.length > 0 || node.domain !== '') return { output };
  const limit = (place: number, otherwise: number) => {
    const name = node.inputs[place];
    return name ? Number(initializers.get(name)?.data[0] ?? Number.NaN) : otherwise;
  };
  if (node.opType === 'Relu') {
    return { output: node.outputs[0], clip: { node, lowest: 0, highest: Number.POSITIVE_INFINITY } };
  }
  if (node.opType !== 'Clip') return { output };
  const [lowest, highest] = [limit(1, Number.NEGATIVE_INFINITY), limit(2, Number.POSITIVE_INFINITY)];
  // Zero must be among the integers, so it must be within the limits too.
  if (!(lowest <= 0 && highest >= 0)) return { output };
  return { output: node.outputs[0], clip: { node, lowest, highest } };
}

function float(tensor: Tensor | undefined): Tensor | undefined {
  return tensor?.type === 'float32' ? tensor : undefined;
}
