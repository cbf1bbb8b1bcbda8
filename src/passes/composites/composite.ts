import type { Attributes, GraphBuilder, Value } from '../../onnx/index.ts';
import type { Target } from '../pass.ts';
import type { ImageRows } from './image-rows.ts';

/** A composite that is to be written in stock ops. */
export interface Composite {
  readonly graph: GraphBuilder;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly target: Target;
  readonly rows: ImageRows;
}

/** Writes one composite op in stock ops and returns its outputs. */
export type Decomposition = (node: Composite) => Value[];
