/** A convolution and a pooling layer, with their gradients: what passes that change the two are tried on. */
import { differentiate } from '../../src/autodiff/index.ts';
import {
  type Attributes,
  elementCount,
  float32,
  type Graph,
  type GraphBuilder,
  modelOf,
  numbersOf,
  type Value,
} from '../../src/onnx/index.ts';
import { createGraph, importGraph, mul, reduceSum } from '../../src/ops/index.ts';
import { lower } from '../../src/passes/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { normal } from './check.ts';

export const BATCH = 2;
export const CHANNELS = 3;

export interface PooledConvolution {
  readonly size: readonly [height: number, width: number];
  readonly kernel?: readonly [number, number];
  readonly bias?: boolean;
  readonly convolution: Attributes;
  /** Between convolution and pooling. */
  readonly between?: (graph: GraphBuilder, y: Value) => Value;
  readonly pool?: 'MaxPool' | 'AveragePool';
  readonly pooling: Attributes;
}

/** The forward pass: output `loss`. */
export function buildPooled(given: PooledConvolution): Graph {
  const { size, kernel = [3, 3], bias, convolution, between, pool = 'MaxPool', pooling } = given;
  const graph = createGraph('pooled');
  const x = graph.input('x', 'float32', [BATCH, CHANNELS, ...size]);
  const weight = graph.input('weight', 'float32', [CHANNELS, CHANNELS, ...kernel]);
  const addend = bias ? [graph.input('bias', 'float32', [CHANNELS])] : [];
  const y = graph.op('Conv', [x, weight, ...addend], convolution, { name: 'y' });
  const pooled = graph.op(pool, [between ? between(graph, y) : y], pooling);
  const factors = graph.input('factors', 'float32', pooled.shape);
  graph.output(reduceSum(graph, mul(graph, pooled, factors), [0, 1, 2, 3], false), 'loss');
  return graph.build();
}

/**
 * The loss and its gradients, by the names of the inputs.
 * @param fill the numbers of an input. Default: normal ones
 */
export async function gradientsOf(
  forward: Graph,
  fill: (count: number, name: string) => Iterable<number> = normal,
): Promise<Record<string, readonly number[]>> {
  const graph = createGraph('pooled');
  const values = importGraph(graph, forward);
  const loss = values.get('loss')!;
  const names = forward.inputs.map(({ name }) => name).filter((name) => name !== 'factors');
  const gradients = differentiate(
    graph,
    loss,
    names.map((name) => values.get(name)!),
  );
  graph.output(loss, 'loss');
  names.forEach((name, i) => {
    graph.output(gradients[i], `d ${name}`);
  });
  const built = graph.build();
  const executable = await nodeRuntime({ threads: 1 }).compile(modelOf(lower(built, 'cpu')));
  const feeds = built.inputs.map(({ name, shape }) => {
    const dims = shape.map(Number);
    return [name, float32(dims, Float32Array.from(fill(elementCount(dims), name)))];
  });
  const outputs = await executable.step(Object.fromEntries(feeds));
  await executable.dispose();
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, [...numbersOf(tensor)]]));
}
