import { float32, floatAttribute, intAttribute, type Tensor, type Value } from '../../onnx/index.ts';
import { type NodeToWrite, writeNode } from '../../ops/index.ts';
import type { Pass } from '../pass.ts';
import { countReaders } from '../readers.ts';
import { rewrite } from '../rewrite.ts';

/** A normalization with fixed statistics as what it does to each channel: y = scale · x + shift. */
interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/**
 * Folds batch normalization with constant statistics into the convolution before it, where nothing else reads that
 * convolution. With s = γ/√(v + ε): BN(W ∗ x + b) = (s·W) ∗ x + s·(b − μ) + β.
 */
export const foldBatchNormalization: Pass = (graph) => {
  const readers = countReaders(graph);
  return rewrite(graph, (builder) => {
    const convolutions = new Map<Value, NodeToWrite>();
    const writeConvolution = (node: NodeToWrite): Value[] => {
      const outputs = writeNode(builder, node);
      if (readers.get(node.outputs[0]) === 1) convolutions.set(outputs[0], node);
      return outputs;
    };
    return (node) => {
      if (node.domain !== '') return undefined;
      if (node.opType === 'Conv' || node.opType === 'ConvTranspose') return writeConvolution(node);
      const convolution = node.inputs[0] && convolutions.get(node.inputs[0]);
      const affine = convolution && affineOf(node);
      const weights = affine && weightsOf(convolution);
      if (!weights) return undefined;
      const folded = scaled(weights, affine, outputAxisOf(convolution));
      const { inputs, name } = convolution;
      const weight = builder.initializer(inputs[1]?.name ?? `${name}/weight`, folded.weight);
      const bias = builder.initializer(inputs[2]?.name ?? `${name}/bias`, folded.bias);
      return writeConvolution({ ...convolution, outputs: node.outputs, inputs: [inputs[0], weight, bias] });
    };
  });
};

/** Undefined where the node is no normalization, or its statistics are those of the batch or no constants. */
function affineOf({ opType, inputs, outputs, attributes }: NodeToWrite): Affine | undefined {
  if (opType !== 'BatchNormalization' || outputs.length !== 1) return undefined;
  if (intAttribute(attributes, 'training_mode', 0) === 1) return undefined;
  const [gamma, beta, mean, variance] = inputs.slice(1).map((input) => floatsOf(input?.constant));
  if (!gamma || !beta || !mean || !variance) return undefined;
  const epsilon = floatAttribute(attributes, 'epsilon', 1e-5);
  const scale = Float64Array.from(gamma, (g, i) => g / Math.sqrt(variance[i] + epsilon));
  return { scale, shift: Float64Array.from(beta, (b, i) => b - mean[i] * scale[i]) };
}

interface Weights {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

function weightsOf({ inputs: [, weight, bias], opType, attributes }: NodeToWrite): Weights | undefined {
  if (!floatsOf(weight?.constant) || (bias && !floatsOf(bias.constant))) return undefined;
  const { dims } = weight!.constant!;
  // A transposed convolution's kernel is (I, O/groups, …): its outputs are one axis only where there is one group.
  const groups = intAttribute(attributes, 'group', 1);
  if (opType === 'ConvTranspose' && groups > 1) return undefined;
  const outputs = dims[opType === 'Conv' ? 0 : 1];
  return { weight: weight!.constant!, bias: bias?.constant ?? float32([outputs], new Float32Array(outputs)) };
}

function outputAxisOf({ opType }: NodeToWrite): number {
  return opType === 'Conv' ? 0 : 1;
}

function scaled({ weight, bias }: Weights, { scale, shift }: Affine, axis: number): Weights {
  const inner = weight.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const outputs = weight.dims[axis];
  const from = weight.data as Float32Array;
  return {
    weight: float32(
      weight.dims,
      from.map((value, i) => value * scale[Math.floor(i / inner) % outputs]),
    ),
    bias: float32(
      bias.dims,
      (bias.data as Float32Array).map((value, i) => value * scale[i] + shift[i]),
    ),
  };
}

function floatsOf(tensor: Tensor | undefined): Float32Array | undefined {
  return tensor?.type === 'float32' ? (tensor.data as Float32Array) : undefined;
}
