import type { Attributes, GraphBuilder, Value } from '../onnx/index.ts';

/** What a graph is lowered for: ONNX Runtime's CPU kernels (native or WebAssembly), or its WebGPU kernels. */
export type Target = 'cpu' | 'webgpu';

export interface LoweringContext {
  readonly graph: GraphBuilder;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly target: Target;
  /** Channels per block of the CPU's blocked convolutions, where it has them. */
  readonly convolutionBlock?: number;
}

/** What a runtime has besides what every runtime of its target has. */
export type LoweringOptions = Pick<LoweringContext, 'convolutionBlock'>;

/** Writes one composite op in stock ops and returns its outputs. */
export type Lowering = (node: LoweringContext) => Value[];
