import { float } from '../onnx/index.ts';
import type { Lowering } from './lowering.ts';

/** A slope so steep that every positive normal float32 comes out as 1 (the smallest is 1.2e-38). */
export const STEEP = 1e38;

export const stepLowerings: Readonly<Record<string, Lowering>> = {
  // max(0, min(1, 1e38 · x)): one vectorised pass, where Greater and Cast are two and Where is slower still.
  HeavisideStep: ({ graph, inputs: [x] }) => [
    graph.op('HardSigmoid', [x], { alpha: float(STEEP), beta: float(0) }),
  ],
};
