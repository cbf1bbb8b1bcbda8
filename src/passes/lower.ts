import { HarrierError } from '../errors.ts';
import { type Graph, HARRIER_DOMAIN, type Node, type Value } from '../onnx/index.ts';
import { createGraph, isElementwise } from '../ops/index.ts';
import { batchNormalizationLowerings } from './batch-normalization.ts';
import { convolve } from './blocked-convolution.ts';
import { isMadeInBlocks, operandsInBlocks, outOfBlocks } from './blocks.ts';
import { convolutionLowerings } from './convolution.ts';
import type { Lowering, LoweringOptions, Target } from './lowering.ts';
import { matrixLowerings } from './matrix.ts';
import { blockedPooling, poolingLowerings } from './pooling.ts';
import { stepLowerings } from './step.ts';
import { webgpuLowerings } from './webgpu.ts';

const LOWERINGS: Readonly<Record<string, Lowering>> = {
  ...batchNormalizationLowerings,
  ...convolutionLowerings,
  ...matrixLowerings,
  ...poolingLowerings,
  ...stepLowerings,
};

/**
 * Replaces every composite op (domain `harrier`) by the stock ONNX ops that are fastest on the target, and stock ops
 * that it has no kernel for by others. What comes out holds only ops that the target's ONNX Runtime runs.
 */
export function lower(graph: Graph, target: Target, options: LoweringOptions = {}): Graph {
  const builder = createGraph(graph.name);
  const values = new Map<string, Value>();
  for (const { name, type, shape } of graph.inputs) values.set(name, builder.input(name, type, shape));
  for (const [name, tensor] of graph.initializers) values.set(name, builder.initializer(name, tensor));
  const read = new Set([
    ...graph.nodes.flatMap(({ inputs }) => inputs),
    ...graph.outputs.map(({ name }) => name),
  ]);
  for (const node of graph.nodes) {
    const given = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    const blocked = isElementwise(node.opType) ? operandsInBlocks(given) : undefined;
    const inputs = blocked ?? given;
    const write = loweringOf(node, inputs, target, options);
    const written = write
      ? builder.in(node.name, () =>
          write({
            graph: builder,
            inputs: inputs as Value[],
            attributes: node.attributes,
            target,
            ...options,
          }),
        )
      : builder.ops(node.opType, inputs, node.attributes, {
          domain: node.domain,
          name: node.outputs[0],
          outputs: outputCount(node, read),
        });
    const made = blocked ? written.map((value) => outOfBlocks(builder, value)) : written;
    made.forEach((value, i) => {
      values.set(node.outputs[i], value);
    });
  }
  for (const { name } of graph.outputs) builder.output(values.get(name)!, name);
  return builder.build();
}

const blockedConvolution: Lowering = ({ graph, inputs: [x, weight, bias], attributes, convolutionBlock }) => [
  convolve(graph, convolutionBlock, [x, weight, bias], attributes),
];

/** Outputs to ask for: indices and masks that nobody reads are not made, for not every target can make them. */
function outputCount({ opType, domain, outputs }: Node, read: ReadonlySet<string>): number {
  const optional = domain === '' && (opType === 'MaxPool' || opType === 'Dropout');
  return optional ? outputs.findLastIndex((name, i) => i === 0 || read.has(name)) + 1 : outputs.length;
}

/** How to write a node in other ops; undefined where it stays as it is. */
function loweringOf(
  { opType, domain, outputs }: Node,
  [x]: readonly (Value | undefined)[],
  target: Target,
  { convolutionBlock }: LoweringOptions,
): Lowering | undefined {
  if (domain === '' && opType === 'Conv' && convolutionBlock) return blockedConvolution;
  const isPool = opType === 'MaxPool' || opType === 'AveragePool';
  if (domain === '' && isPool && outputs.length === 1 && x && isMadeInBlocks(x))
    return blockedPooling(opType);
  if (domain === '' && target === 'webgpu') return webgpuLowerings[opType];
  if (domain !== HARRIER_DOMAIN) return undefined;
  const found = LOWERINGS[opType];
  if (found) return found;
  throw new HarrierError('not-supported', `no target has a lowering of harrier.${opType}`);
}
