import { type Attributes, qualifiedName, type Value } from '../onnx/index.ts';
import { isElementwise, type NodeToWrite, writeNode } from '../ops/index.ts';
import { normalizationGradientInBlocks, normalizeInBlocks } from './blocked/batch-normalization.ts';
import { convolveInBlocks, inputGradientInBlocks } from './blocked/convolution.ts';
import { depthwiseKernelGradientInBlocks } from './blocked/depthwise-kernel-gradient.ts';
import { kernelGradientInBlocks } from './blocked/kernel-gradient.ts';
import { BlockedLayout } from './blocked/layout.ts';
import { maxPoolGradientInBlocks, poolInBlocks } from './blocked/pooling.ts';
import type { TargetPass } from './pass.ts';
import { rewrite } from './rewrite.ts';

/** Writes a node in blocks and returns its outputs in plain order; undefined where it gains nothing by them. */
type BlockedForm = (
  layout: BlockedLayout,
  inputs: readonly Value[],
  attributes: Attributes,
) => Value | Value[] | undefined;

/** Ops with a form of their own in blocks, by qualified name. */
const FORMS: Readonly<Record<string, BlockedForm>> = {
  Conv: convolveInBlocks,
  MaxPool: (layout, [x], attributes) => poolInBlocks(layout, 'MaxPool', x, attributes),
  AveragePool: (layout, [x], attributes) => poolInBlocks(layout, 'AveragePool', x, attributes),
  'harrier.ConvInputGradient': inputGradientInBlocks,
  'harrier.ConvKernelGradient': (...node) =>
    depthwiseKernelGradientInBlocks(...node) ?? kernelGradientInBlocks(...node),
  'harrier.MaxPoolGradient': maxPoolGradientInBlocks,
  'harrier.BatchNormalizationTraining': normalizeInBlocks,
  'harrier.BatchNormalizationGradient': normalizationGradientInBlocks,
};

/**
 * Puts convolutions into the blocked layout of ONNX Runtime's CPU kernels where that is faster, and leaves values in
 * it from one op to the next, where each op between can read it.
 */
export const placeBlockedLayout: TargetPass = (graph, { convolutionBlock }) => {
  if (convolutionBlock === undefined) return graph;
  return rewrite(graph, (builder) => {
    const layout = new BlockedLayout(builder, convolutionBlock);
    return (node) => inBlocks(layout, node) ?? elementwiseInBlocks(layout, node);
  });
};

function inBlocks(layout: BlockedLayout, node: NodeToWrite): Value[] | undefined {
  const name = qualifiedName(node.opType, node.domain);
  const form = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
  if (!form) return undefined;
  const write = () => form(layout, node.inputs as readonly Value[], node.attributes);
  const made = layout.graph.in(node.name, write);
  return made && [made].flat();
}

function elementwiseInBlocks(layout: BlockedLayout, node: NodeToWrite): Value[] | undefined {
  const inputs = isElementwise(node.opType) ? layout.operands(node.inputs) : undefined;
  return inputs && writeNode(layout.graph, { ...node, inputs }).map((value) => layout.fromBlocks(value));
}
