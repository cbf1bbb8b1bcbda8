/** A function given twice, as a graph and as float64 arithmetic, whose gradients are to agree. */
import { differentiate } from '../../src/autodiff/index.ts';
import {
  type ElementType,
  type Graph,
  type GraphBuilder,
  type Tensor,
  tensor,
  type Value,
} from '../../src/onnx/index.ts';
import { createGraph, mul, reduceSum } from '../../src/ops/index.ts';
import { lower, type Target } from '../../src/passes/index.ts';
import type { OracleTensor } from '../oracle/index.ts';

export interface Argument extends OracleTensor {
  /** Default: float32. */
  type?: ElementType;
  /** Part of the graph and no input of it. */
  constant?: boolean;
}

export interface Problem {
  name: string;
  /** An omitted optional input is undefined. */
  inputs: readonly (Argument | undefined)[];
  /** Which inputs to differentiate with respect to, by index. */
  wrt: readonly number[];
  /** The function in ops; `values` has one for each input. */
  build: (graph: GraphBuilder, values: readonly (Value | undefined)[]) => Value;
  /** The function in float64. */
  reference: (inputs: readonly (OracleTensor | undefined)[]) => OracleTensor;
  /** Largest error of a gradient relative to its size. */
  tolerance?: number;
}

export const inputName = (index: number): string => `x${index}`;
export const gradientName = (index: number): string => `gradient/x${index}`;

/**
 * Output `y`, the function; outputs `gradient/x<i>`, those of loss = Σ y · weights, where `weights` is an input: fed a
 * unit vector, the gradients are a row of the Jacobian.
 */
export function gradientGraph(problem: Problem): Graph {
  const graph = createGraph('gradients');
  const values = problem.inputs.map((input, i) => {
    if (!input) return undefined;
    const { dims, type = 'float32', constant } = input;
    return constant
      ? graph.initializer(inputName(i), tensorOf(input))
      : graph.input(inputName(i), type, dims);
  });
  const y = graph.in('f', () => problem.build(graph, values));
  const weights = graph.input('weights', 'float32', y.shape);
  const every = y.shape.map((_, axis) => axis);
  const loss = graph.in('loss', () => reduceSum(graph, mul(graph, y, weights), every, false));
  const gradients = differentiate(
    graph,
    loss,
    problem.wrt.map((i) => values[i]!),
  );
  graph.output(y, 'y');
  problem.wrt.forEach((i, k) => {
    graph.output(gradients[k], gradientName(i));
  });
  return graph.build();
}

export function loweredGradientGraph(problem: Problem, target: Target): Graph {
  return lower(gradientGraph(problem), target);
}

/** The problem's inputs as tensors to feed, without the weights. */
export function feedsOf({ inputs }: Problem): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.flatMap((input, i) => (input && !input.constant ? [[inputName(i), tensorOf(input)]] : [])),
  );
}

export function tensorOf({ type = 'float32', dims, data }: Argument): Tensor {
  return tensor(type, dims, data);
}
