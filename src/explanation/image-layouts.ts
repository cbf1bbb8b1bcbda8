import { type BuiltNode, intsAttribute } from '../onnx/index.ts';

/** `first`: `[batch, channels, height, width]`; `last`: `[batch, height, width, channels]`. */
type Layout = 'first' | 'last';

const CONVOLUTIONS = new Set(['Conv', 'ConvTranspose', 'FusedConv', 'QLinearConv', 'ConvInteger']);
/** What gives other axes a meaning of their own. */
const REARRANGING = new Set(['Reshape', 'Einsum', 'Flatten', 'Gather', 'GatherND', 'Squeeze', 'Unsqueeze']);
const TURNED = { first: [0, 2, 3, 1], last: [0, 3, 1, 2] } as const;

/**
 * The names of the values of a graph that are images of channels, `[batch, channels, height, width]`: what convolutions give, and what
 * is computed of it as it stands. Other values of four axes are none: attention scores, or images with channels last,
 * until they are turned again.
 *
 * @param nodes in their order
 */
export function channelsFirst(nodes: readonly BuiltNode[]): ReadonlySet<string> {
  const layouts = new Map<string, Layout>();
  for (const node of nodes) {
    const layout = layoutOf(node, layouts);
    if (!layout) continue;
    for (const output of node.outputs) if (output.shape.length === 4) layouts.set(output.name, layout);
  }
  return new Set([...layouts].filter(([, layout]) => layout === 'first').map(([name]) => name));
}

function layoutOf(
  { opType, inputs, attributes }: BuiltNode,
  layouts: ReadonlyMap<string, Layout>,
): Layout | undefined {
  if (CONVOLUTIONS.has(opType)) return 'first';
  if (REARRANGING.has(opType)) return undefined;
  const known = inputs.map((input) => input && layouts.get(input.name));
  const [main] = known;
  if (opType === 'Transpose') {
    const axes = intsAttribute(attributes, 'perm')?.join();
    return main && axes === TURNED[main].join() ? (main === 'first' ? 'last' : 'first') : undefined;
  }
  // A product over the last axis: of channels where they are last.
  if (opType === 'MatMul') return main === 'last' ? 'last' : undefined;
  return known.includes('first') ? 'first' : known.find((each) => each !== undefined);
}
