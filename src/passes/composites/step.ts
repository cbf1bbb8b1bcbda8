import { float, type GraphBuilder, type Value } from '../../onnx/index.ts';
import { STEEP } from '../../ops/index.ts';
import type { Decomposition } from './composite.ts';

/** 1 where x > 0, else 0: max(0, min(1, 1e38 · x)) is one vectorised pass; Greater and Cast are two, Where is slower still. */
export function heavisideStep(graph: GraphBuilder, x: Value): Value {
  return graph.op('HardSigmoid', [x], { alpha: float(STEEP), beta: float(0) });
}

export const stepDecompositions: Readonly<Record<string, Decomposition>> = {
  HeavisideStep: ({ graph, inputs: [x] }) => [heavisideStep(graph, x)],
};
