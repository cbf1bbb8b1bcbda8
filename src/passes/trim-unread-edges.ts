import {
  type Attributes,
  type BuiltNode,
  type GraphBuilder,
  intsAttribute,
  type Value,
} from '../onnx/index.ts';
import {
  convolutionAttributes,
  createGraph,
  fixedDims,
  importGraph,
  isElementwise,
  windowOf,
  writeNode,
} from '../ops/index.ts';
import type { Pass } from './pass.ts';
import { rewrite } from './rewrite.ts';

/**
 * Trims convolution outputs that no pooling layer reads: of 15 × 15 positions under windows of 2 × 2, the last row and
 * column, one position in eight. The other values, and the gradients of all weights, stay as they were.
 *
 * It looks for a `Conv` that only a `MaxPool` or an `AveragePool` reads, over elementwise ops at most, and makes its
 * end padding smaller. It comes before gradients are built, for they read the values of the forward pass too.
 */
export const trimUnreadEdges: Pass = (graph) => {
  const typed = createGraph(graph.name);
  const values = importGraph(typed, graph);
  for (const { name } of graph.outputs) typed.output(values.get(name)!, name);
  const narrowed = narrowedConvolutions(typed);
  if (narrowed.size === 0) return graph;
  return rewrite(graph, (builder) => (node) => {
    const made = values.get(node.outputs[0]);
    const attributes = made && narrowed.get(made);
    return attributes && writeNode(builder, { ...node, attributes });
  });
};

/** Attributes with smaller end padding, by the output of the convolution. */
function narrowedConvolutions(graph: GraphBuilder): Map<Value, Attributes> {
  const madeBy = new Map<Value, BuiltNode>();
  const readers = new Map<Value, number>();
  const read = (value: Value) => readers.set(value, (readers.get(value) ?? 0) + 1);
  for (const node of graph.nodes) {
    for (const output of node.outputs) madeBy.set(output, node);
    for (const input of node.inputs) if (input) read(input);
  }
  for (const output of graph.outputs) read(output);

  const narrowed = new Map<Value, Attributes>();
  for (const pool of graph.nodes) {
    const unread = unreadBy(pool);
    if (!unread) continue;
    let maker = madeBy.get(pool.inputs[0]!);
    while (maker && readers.get(maker.outputs[0]) === 1 && isUnaryElementwise(maker)) {
      maker = madeBy.get(maker.inputs[0]!);
    }
    if (!maker || readers.get(maker.outputs[0]) !== 1 || !isStock(maker, 'Conv')) continue;
    const attributes = withSmallerPads(maker, unread);
    if (attributes) narrowed.set(maker.outputs[0], attributes);
  }
  return narrowed;
}

function isStock({ opType, domain }: BuiltNode, ...names: string[]): boolean {
  return domain === '' && names.includes(opType);
}

function isUnaryElementwise({ opType, domain, inputs }: BuiltNode): boolean {
  return domain === '' && isElementwise(opType) && inputs.length === 1;
}

/** Rows and columns at the end of its image that a pooling never reads; undefined where there are none. */
function unreadBy(node: BuiltNode): number[] | undefined {
  if (!isStock(node, 'MaxPool', 'AveragePool') || node.outputs.length !== 1) return undefined;
  const [, , ...spatial] = node.inputs[0]!.shape;
  const [, , ...windows] = node.outputs[0].shape;
  if ([...spatial, ...windows].some((size) => typeof size === 'string')) return undefined;
  const { kernel, strides, dilations, pads } = windowOf(
    node.attributes,
    intsAttribute(node.attributes, 'kernel_shape') ?? [],
    spatial,
  );
  const unread = spatial.map((size, i) => {
    const reach = (Number(windows[i]) - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - pads[i];
    return Math.max(0, Number(size) - reach);
  });
  return unread.some((positions) => positions > 0) ? unread : undefined;
}

/** The attributes of a convolution that computes as many rows and columns less as come from padding. */
function withSmallerPads(node: BuiltNode, unread: readonly number[]): Attributes | undefined {
  const [x, weight] = node.inputs as [Value, Value];
  const kernel = fixedDims(weight).slice(2);
  const spatial = x.shape.slice(2).map(Number);
  const { strides, dilations, pads, group } = convolutionAttributes(node.attributes, kernel, spatial);
  const rank = kernel.length;
  const fewer = unread.map((positions, i) => Math.min(positions, Math.floor(pads[rank + i] / strides[i])));
  if (fewer.every((positions) => positions === 0)) return undefined;
  const end = fewer.map((positions, i) => pads[rank + i] - positions * strides[i]);
  return { kernel_shape: kernel, strides, dilations, group, pads: [...pads.slice(0, rank), ...end] };
}
