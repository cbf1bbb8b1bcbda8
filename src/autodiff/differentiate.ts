import { HarrierError } from '../errors.ts';
import {
  type BuiltNode,
  float32,
  formatShape,
  type GraphBuilder,
  qualifiedName,
  type Value,
} from '../onnx/index.ts';
import { definitionOf, fixedDims, GradientContext, reduceSum, reshape } from '../ops/index.ts';

/**
 * Reverse-mode differentiation: adds to the graph the nodes that compute the gradient of `loss` for each value of
 * `withRespectTo`, and returns those gradients, each shaped as its value.
 *
 * The walk goes once over the nodes, last to first (Griewank and Walther, "Evaluating derivatives", 2008, ch. 3).
 * It alone adds up the gradients that reach one value on several paths, and sums over axes that were broadcast.
 *
 * @throws HarrierError `bad-shape` when the loss is no single number, `bad-graph` when it does not depend on a value,
 *   `not-supported` when an op on the way has no gradient
 */
export function differentiate(graph: GraphBuilder, loss: Value, withRespectTo: readonly Value[]): Value[] {
  if (loss.shape.some((size) => size !== 1)) {
    throw new HarrierError('bad-shape', 'only a single number can be differentiated', {
      where: loss.name,
      received: formatShape(loss.shape),
    });
  }
  const nodes = [...graph.nodes];
  const dependent = dependents(nodes, withRespectTo);
  const gradients = new Map<string, Value>();
  gradients.set(loss.name, graph.constant(float32(fixedDims(loss), new Float32Array([1]))));

  for (const node of nodes.reverse()) {
    const incoming = node.outputs.map(({ name }) => gradients.get(name));
    const needs = node.inputs.map((input) => input !== undefined && dependent.has(input.name));
    if (!incoming.some(Boolean) || !needs.some(Boolean)) continue;
    graph.in(`${node.name}/grad`, () => {
      const inputs = inputGradients(graph, node, incoming, needs);
      inputs.forEach((gradient, i) => {
        if (!gradient || !needs[i]) return;
        const input = node.inputs[i]!;
        const own = sumToShape(graph, gradient, fixedDims(input));
        const other = gradients.get(input.name);
        gradients.set(input.name, other ? graph.op('Add', [other, own]) : own);
      });
    });
  }

  return withRespectTo.map((value) => {
    const gradient = gradients.get(value.name);
    if (gradient) return gradient;
    throw new HarrierError('bad-graph', `the loss does not depend on "${value.name}"`, { where: graph.name });
  });
}

/** Names of all values that change when one of `sources` does. */
function dependents(nodes: readonly BuiltNode[], sources: readonly Value[]): Set<string> {
  const names = new Set(sources.map(({ name }) => name));
  for (const { inputs, outputs } of nodes) {
    if (inputs.some((input) => input && names.has(input.name)))
      for (const { name } of outputs) names.add(name);
  }
  return names;
}

function inputGradients(
  graph: GraphBuilder,
  node: BuiltNode,
  incoming: readonly (Value | undefined)[],
  needs: readonly boolean[],
): readonly (Value | undefined)[] {
  const { derivative } = definitionOf(node.opType, node.domain);
  if (derivative === 'zero') return [];
  if (typeof derivative === 'function') return derivative(new GradientContext(graph, node, incoming, needs));
  throw new HarrierError('not-supported', `it has no gradient (${derivative.none})`, {
    where: `${qualifiedName(node.opType, node.domain)} "${node.name}"`,
  });
}

/** Sums over the axes along which a value of shape `dims` was repeated. */
function sumToShape(graph: GraphBuilder, gradient: Value, dims: readonly number[]): Value {
  const wide = fixedDims(gradient);
  const added = wide.length - dims.length;
  const repeated = wide.flatMap((size, axis) =>
    axis < added || (dims[axis - added] === 1 && size !== 1) ? [axis] : [],
  );
  if (repeated.length === 0) return gradient;
  const summed = reduceSum(graph, gradient, repeated, added === 0);
  return reshape(graph, summed, dims);
}
