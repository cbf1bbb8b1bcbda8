import type { Node } from '../onnx/index.ts';
import type { Pass } from './pass.ts';

/** Ops whose outputs after the first are optional, and cost time or have no kernel on some target. */
const WITH_OPTIONAL_OUTPUTS = new Set(['MaxPool', 'Dropout']);

/** Trims indices of maxima and masks of dropout that no node reads. */
export const trimUnreadOutputs: Pass = (graph) => {
  const read = new Set([
    ...graph.nodes.flatMap(({ inputs }) => inputs),
    ...graph.outputs.map(({ name }) => name),
  ]);
  const trimmed = (node: Node): Node => {
    if (node.domain !== '' || !WITH_OPTIONAL_OUTPUTS.has(node.opType)) return node;
    const last = node.outputs.findLastIndex((name, i) => i === 0 || read.has(name));
    return { ...node, outputs: node.outputs.slice(0, last + 1) };
  };
  return { ...graph, nodes: graph.nodes.map(trimmed) };
};
