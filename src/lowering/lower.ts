import { HarrierError } from '../errors.ts';
import { type Graph, HARRIER_DOMAIN, type Value } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { batchNormalizationLowerings } from './batch-normalization.ts';
import { convolutionLowerings } from './convolution.ts';
import type { Lowering, Target } from './lowering.ts';
import { matrixLowerings } from './matrix.ts';
import { poolingLowerings } from './pooling.ts';
import { stepLowerings } from './step.ts';

const LOWERINGS: Readonly<Record<string, Lowering>> = {
  ...batchNormalizationLowerings,
  ...convolutionLowerings,
  ...matrixLowerings,
  ...poolingLowerings,
  ...stepLowerings,
};

/**
 * Replaces every composite op (domain `harrier`) by the stock ONNX ops that are fastest on the target. What comes
 * out holds only ops that the target's ONNX Runtime runs.
 */
export function lower(graph: Graph, target: Target): Graph {
  const builder = createGraph(graph.name);
  const values = new Map<string, Value>();
  for (const { name, type, shape } of graph.inputs) values.set(name, builder.input(name, type, shape));
  for (const [name, tensor] of graph.initializers) values.set(name, builder.initializer(name, tensor));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    const made =
      node.domain === HARRIER_DOMAIN
        ? builder.in(node.name, () =>
            lowering(node.opType)({ graph: builder, inputs: inputs as Value[], attributes: node.attributes, target }),
          )
        : builder.ops(node.opType, inputs, node.attributes, {
            domain: node.domain,
            name: node.outputs[0],
            outputs: node.outputs.length,
          });
    node.outputs.forEach((name, i) => values.set(name, made[i]));
  }
  for (const { name } of graph.outputs) builder.output(values.get(name)!, name);
  return builder.build();
}

function lowering(opType: string): Lowering {
  const found = LOWERINGS[opType];
  if (found) return found;
  throw new HarrierError('not-supported', `no target has a lowering of harrier.${opType}`);
}
