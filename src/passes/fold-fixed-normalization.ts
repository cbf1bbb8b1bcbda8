import {
  type Attributes,
  floatAttribute,
  type GraphBuilder,
  intAttribute,
  type Value,
} from '../onnx/index.ts';
import { add, div, fixedDims, mul, type NodeToWrite, reshape, shift, sub, writeNode } from '../ops/index.ts';
import type { Pass } from './pass.ts';
import { countReaders } from './readers.ts';
import { rewrite } from './rewrite.ts';

/**
 * Folds batch normalization with fixed statistics into the convolution before it, where nothing else reads that
 * convolution: one multiplication of the kernel instead of one of every image, and of its gradient. With s = γ/√(v + ε):
 * BN(W ∗ x + b) = (s·W) ∗ x + s·(b − μ) + β.
 *
 * Kernel, γ and β may be inputs of the graph, and differentiated: the fold is part of the graph.
 */
export const foldFixedNormalization: Pass = (graph) => {
  const readers = countReaders(graph);
  return rewrite(graph, (builder) => {
    const convolutions = new Map<Value, NodeToWrite>();
    return (node) => {
      if (node.domain !== '') return undefined;
      if (node.opType === 'Conv') {
        const outputs = writeNode(builder, node);
        if (readers.get(node.outputs[0]) === 1) convolutions.set(outputs[0], node);
        return outputs;
      }
      const convolution = isFixed(node) ? convolutions.get(node.inputs[0]!) : undefined;
      if (!convolution) return undefined;
      const [weight, bias] = builder.in(node.name, () => folded(builder, convolution, node));
      return writeNode(builder, {
        ...convolution,
        outputs: node.outputs,
        inputs: [convolution.inputs[0], weight, bias],
      });
    };
  });
};

function isFixed({ opType, outputs, attributes }: NodeToWrite): boolean {
  return (
    opType === 'BatchNormalization' &&
    outputs.length === 1 &&
    intAttribute(attributes as Attributes, 'training_mode', 0) === 0
  );
}

/** The kernel and the bias of a convolution that normalizes too. */
function folded(graph: GraphBuilder, convolution: NodeToWrite, normalization: NodeToWrite): [Value, Value] {
  const [, weight, bias] = convolution.inputs as [Value, Value, Value | undefined];
  const [, gamma, beta, mean, variance] = normalization.inputs as Value[];
  const epsilon = floatAttribute(normalization.attributes, 'epsilon', 1e-5);
  const scale = div(graph, gamma, graph.op('Sqrt', [shift(graph, variance, epsilon)]));
  const [outputs, ...rest] = fixedDims(weight);
  const perOutput = reshape(graph, scale, [outputs, ...rest.map(() => 1)]);
  const centred = bias ? sub(graph, bias, mean) : graph.op('Neg', [mean]);
  return [mul(graph, weight, perOutput), add(graph, mul(graph, centred, scale), beta)];
}
