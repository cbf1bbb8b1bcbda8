import { int64, numbersOf } from '../../onnx/index.ts';
import { writeNode } from '../../ops/index.ts';
import type { Pass } from '../pass.ts';
import { rewrite } from '../rewrite.ts';

/**
 * A `Gather` of all elements of a row in their order only changes the shape: exporters write PyTorch's views with strides
 * of their own so.
 */
export const reshapeGathers: Pass = (graph) =>
  rewrite(graph, (builder) => (node) => {
    const [x, indices] = node.inputs;
    if (node.opType !== 'Gather' || node.domain !== '' || x?.shape.length !== 1) return undefined;
    const chosen = indices?.constant && numbersOf(indices.constant);
    if (!chosen || chosen.length !== x.shape[0] || !chosen.every((at, i) => at === i)) return undefined;
    const shape = builder.constant(int64(indices.constant!.dims));
    return writeNode(builder, { ...node, opType: 'Reshape', inputs: [x, shape], attributes: {} });
  });
