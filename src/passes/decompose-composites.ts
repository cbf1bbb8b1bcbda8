import { HarrierError } from '../errors.ts';
import { HARRIER_DOMAIN, type Value } from '../onnx/index.ts';
import type { NodeToWrite } from '../ops/index.ts';
import { batchNormalizationDecompositions } from './composites/batch-normalization.ts';
import type { Decomposition } from './composites/composite.ts';
import { convolutionByRows, convolutionDecompositions } from './composites/convolution.ts';
import { ImageRows } from './composites/image-rows.ts';
import { matrixDecompositions } from './composites/matrix.ts';
import { poolingDecompositions } from './composites/pooling.ts';
import { stepDecompositions } from './composites/step.ts';
import type { Target, TargetPass } from './pass.ts';
import { rewrite } from './rewrite.ts';

const DECOMPOSITIONS: Readonly<Record<string, Decomposition>> = {
  ...batchNormalizationDecompositions,
  ...convolutionDecompositions,
  ...matrixDecompositions,
  ...poolingDecompositions,
  ...stepDecompositions,
};

/** Writes every composite in the stock ops that are fastest on the target, and WebGPU's convolutions as products. */
export const decomposeComposites: TargetPass = (graph, { target }) =>
  rewrite(graph, (builder) => {
    const rows = new ImageRows(builder);
    return (node) => {
      const decompose = decompositionOf(node, target);
      const { inputs, attributes } = node;
      const composite = { graph: builder, inputs: inputs as readonly Value[], attributes, target, rows };
      return decompose && builder.in(node.name, () => decompose(composite));
    };
  });

function decompositionOf({ opType, domain }: NodeToWrite, target: Target): Decomposition | undefined {
  if (domain === '' && opType === 'Conv' && target === 'webgpu') return convolutionByRows;
  if (domain !== HARRIER_DOMAIN) return undefined;
  if (Object.hasOwn(DECOMPOSITIONS, opType)) return DECOMPOSITIONS[opType];
  throw new HarrierError('not-supported', `no target has a decomposition of harrier.${opType}`);
}
