import type { Attributes, Tensor } from '../../onnx/index.ts';

/** A node of ONNX's own domain whose inputs are all known. */
export interface KnownNode {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
  /** The inferred sizes of its output. */
  readonly dims: readonly number[];
  readonly fail: (problem: string) => never;
}

/** Computes a node's output; undefined leaves it to ONNX Runtime. */
export type Evaluation = (node: KnownNode) => Tensor | undefined;
