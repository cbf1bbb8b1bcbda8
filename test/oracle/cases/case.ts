/** What a row of the table of cases says, and short ways to write one. */
import type { Attributes, ElementType } from '../../../src/onnx/types.ts';

/**
 * What random elements are drawn from:
 * - `normal`: standard normal;
 * - `positive`: uniform in [0.5, 2.5), for logarithms, roots and divisors;
 * - `unit`: uniform in (−1, 1);
 * - `nonzero`: of either sign, 0.2 to 2 from zero, for functions with a kink or a pole there;
 * - `distinct`: no two closer than 0.1 and none closer than 0.05 to zero, in random order, for maxima;
 * - `integers`: −2 to 2, with many ties.
 */
export type Distribution = 'normal' | 'positive' | 'unit' | 'nonzero' | 'distinct' | 'integers';

export interface CaseInput {
  dims: readonly number[];
  /** Elements, or what to draw them from. Default: `normal`; for bool, 0 or 1 at random. */
  values?: Distribution | readonly number[];
  /** Default: float32. */
  type?: ElementType;
  /** Part of the graph and no input of it, as parameters such as axes and shapes are. */
  constant?: boolean;
}

export interface OracleCase {
  op: string;
  domain?: string;
  attributes: Attributes;
  /** An omitted optional input is undefined. */
  inputs: readonly (CaseInput | undefined)[];
  /** How many outputs to ask for. Default: 1. */
  outputs?: number;
  /** Why ONNX Runtime cannot be compared with on this row. */
  notInRuntime?: string;
}

type Input = CaseInput | readonly number[] | undefined;

/** A row; an input given as bare dims is float32 and normal. */
export function row(
  op: string,
  inputs: readonly Input[],
  attributes: Attributes = {},
  more: Partial<OracleCase> = {},
): OracleCase {
  const full = inputs.map((input) => (input && !('dims' in input) ? { dims: input } : input));
  return { op, attributes, inputs: full, ...more };
}

/** A float32 input. */
export function of(values: Distribution | readonly number[], ...dims: number[]): CaseInput {
  return { dims: dims.length || typeof values === 'string' ? dims : [values.length], values };
}

/** A constant vector of int64, such as axes. */
export function ints(...values: number[]): CaseInput {
  return { dims: [values.length], values, type: 'int64', constant: true };
}

/** A constant scalar. */
export function scalar(value: number, type: ElementType = 'float32'): CaseInput {
  return { dims: [], values: [value], type, constant: true };
}

/** Indices or labels: an int64 input of the graph. */
export function indices(dims: readonly number[], values: readonly number[]): CaseInput {
  return { dims, values, type: 'int64' };
}

export function bools(...dims: number[]): CaseInput {
  return { dims, type: 'bool' };
}
