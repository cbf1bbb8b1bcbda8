import type { BuiltNode, GraphBuilder, Value } from '../onnx/index.ts';
import { convolutionAttributes } from './convolution.ts';
import { fixedDims } from './definition.ts';
import { windowOf } from './shapes.ts';
import { isElementwise } from './table.ts';

/**
 * Lets convolutions leave out the last rows and columns that no window of the pooling behind them reads: of 15 × 15 places
 * by windows of 2 × 2, one in eight. The values that are left, and the gradients of all weights, stay as they were.
 *
 * It looks for a `Conv` that only a `MaxPool` or an `AveragePool` reads, over elementwise ops at most, and makes its end
 * padding smaller. Call it when everything that reads the values of the graph is there, and before gradients are.
 */
export function leaveOutUnreadEdges(graph: GraphBuilder): void {
  const madeBy = new Map<string, number>();
  const readers = new Map<string, number>();
  const read = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1);
  graph.nodes.forEach(({ inputs, outputs }, at) => {
    for (const { name } of outputs) madeBy.set(name, at);
    for (const input of inputs) if (input) read(input.name);
  });
  for (const { name } of graph.outputs) read(name);

  graph.nodes.forEach((pool, at) => {
    const unread = unreadBy(pool);
    if (!unread) return;
    const chain = [at];
    let value = pool.inputs[0]!;
    for (;;) {
      const makerAt = madeBy.get(value.name);
      if (makerAt === undefined || readers.get(value.name) !== 1) return;
      const maker = graph.nodes[makerAt];
      chain.push(makerAt);
      if (isStock(maker, 'Conv')) break;
      if (maker.domain !== '' || !isElementwise(maker.opType) || maker.inputs.length !== 1) return;
      value = maker.inputs[0]!;
    }
    const narrowed = withSmallerPads(graph.nodes[chain.at(-1)!], unread);
    if (narrowed) replaceChain(graph, chain, narrowed);
  });
}

function isStock({ opType, domain }: BuiltNode, ...names: string[]): boolean {
  return domain === '' && names.includes(opType);
}

/** Rows and columns at the end of its image that a pooling never reads; undefined where there are none. */
function unreadBy(node: BuiltNode): number[] | undefined {
  if (!isStock(node, 'MaxPool', 'AveragePool') || node.outputs.length !== 1) return undefined;
  const [, , ...spatial] = node.inputs[0]!.shape;
  const [, , ...windows] = node.outputs[0].shape;
  if ([...spatial, ...windows].some((size) => typeof size === 'string')) return undefined;
  const kernel = node.attributes.kernel_shape as readonly number[];
  const { strides, dilations, pads } = windowOf(node.attributes, kernel, spatial);
  const unread = spatial.map((size, i) => {
    const reach = (Number(windows[i]) - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - pads[i];
    return Math.max(0, Number(size) - reach);
  });
  return unread.some((cells) => cells > 0) ? unread : undefined;
}

/** A convolution that makes so many rows and columns less, or as many of them as are made from padding. */
function withSmallerPads(node: BuiltNode, unread: readonly number[]): BuiltNode | undefined {
  const [x, weight] = node.inputs as [Value, Value];
  const kernel = fixedDims(weight).slice(2);
  const { strides, dilations, pads, group } = convolutionAttributes(
    node.attributes,
    kernel,
    x.shape.slice(2).map(Number),
  );
  const [y] = node.outputs;
  const rank = kernel.length;
  const fewer = unread.map((cells, i) => Math.min(cells, Math.floor(pads[rank + i] / strides[i])));
  if (fewer.every((cells) => cells === 0)) return undefined;
  const end = fewer.map((cells, i) => pads[rank + i] - cells * strides[i]);
  const shape = y.shape.map((size, axis) => (axis < 2 ? size : Number(size) - fewer[axis - 2]));
  return {
    ...node,
    attributes: { kernel_shape: kernel, strides, dilations, group, pads: [...pads.slice(0, rank), ...end] },
    outputs: [{ ...y, shape }],
  };
}

/**
 * @param chain where the nodes stand, from the pooling back to the convolution
 * @param convolution what takes the last one's place
 */
function replaceChain(graph: GraphBuilder, chain: readonly number[], convolution: BuiltNode): void {
  let [value] = convolution.outputs;
  graph.nodes[chain.at(-1)!] = convolution;
  for (const at of chain.slice(0, -1).toReversed()) {
    const node = graph.nodes[at];
    const isPool = at === chain[0];
    const outputs = isPool ? node.outputs : [{ ...node.outputs[0], shape: value.shape }];
    graph.nodes[at] = { ...node, inputs: [value, ...node.inputs.slice(1)], outputs };
    value = outputs[0];
  }
}
