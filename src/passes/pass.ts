import type { Graph } from '../onnx/index.ts';

/** What a graph is lowered for: ONNX Runtime's CPU kernels (native or WebAssembly), or its WebGPU kernels. */
export type Target = 'cpu' | 'webgpu';

/** What a runtime has besides the kernels that every runtime of its target has. */
export interface LoweringOptions {
  /** Channels per block of the CPU's blocked convolutions; undefined where it has none. */
  readonly convolutionBlock?: number;
}

export interface TargetOptions extends LoweringOptions {
  readonly target: Target;
}

/** Takes a graph and returns one that computes the same outputs from the same inputs. The graph given stays as it is. */
export type Pass = (graph: Graph) => Graph;

/** The same, for a target. */
export type TargetPass = (graph: Graph, options: TargetOptions) => Graph;
