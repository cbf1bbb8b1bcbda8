import { float32, modelOf } from '../onnx/index.ts';
import { add, createGraph } from '../ops/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { type Clock, measureModel, sampleTensor } from './measure.ts';

const MATRIX_SIZE = 1536;
/** Floats of each array: 64 MiB, larger than any cache in sight. */
const ARRAY_SIZE = 1 << 24;

/** On a graphics device: large enough to fill it, and so many products that starting them costs nothing. */
const GPU_MATRIX = { size: 4096, products: 8 };

/** Rate of a large float32 matrix product through the runtime, in GFLOP/s (a multiplication and an addition count two). */
export async function matrixRate(runtime: Runtime, clock: Clock): Promise<number> {
  if (runtime.target === 'webgpu') return gpuMatrixRate(runtime, clock);
  const graph = createGraph('matrix-product');
  const dims = [MATRIX_SIZE, MATRIX_SIZE];
  const product = graph.op('MatMul', [graph.input('a', 'float32', dims), graph.input('b', 'float32', dims)]);
  graph.output(graph.op('ReduceMax', [product], { keepdims: 0 }), 'largest');
  const feeds = { a: sampleTensor(dims), b: sampleTensor(dims) };
  const { median } = await measureModel(runtime, modelOf(graph.build()), feeds, { clock, runs: 15 });
  return (2 * MATRIX_SIZE ** 3) / median / 1e6;
}

/** The same with what is multiplied on the device already. */
async function gpuMatrixRate(runtime: Runtime, clock: Clock): Promise<number> {
  const { size, products } = GPU_MATRIX;
  const graph = createGraph('matrix-product');
  const dims = [size, size];
  const factor = graph.initializer('factor', sampleTensor(dims));
  // What is added keeps the products from being computed beforehand.
  let product = add(graph, factor, graph.input('x', 'float32', []));
  for (let i = 0; i < products; i++) product = graph.op('MatMul', [product, factor]);
  graph.output(graph.op('ReduceMax', [product], { keepdims: 0 }), 'largest');
  const feeds = { x: float32([], [0]) };
  const { median } = await measureModel(runtime, modelOf(graph.build()), feeds, { clock, runs: 5 });
  return (2 * products * size ** 3) / median / 1e6;
}

/** Memory bandwidth through the runtime, in GB/s: one array is added to another, and the sum read once. */
export async function memoryBandwidth(runtime: Runtime, clock: Clock): Promise<number> {
  const graph = createGraph('memory');
  const dims = [ARRAY_SIZE];
  const sum = add(graph, graph.input('a', 'float32', dims), graph.input('b', 'float32', dims));
  graph.output(graph.op('ReduceMax', [sum], { keepdims: 0 }), 'largest');
  const feeds = { a: sampleTensor(dims), b: sampleTensor(dims) };
  const { median } = await measureModel(runtime, modelOf(graph.build()), feeds, { clock, runs: 10 });
  // Read two, write one, read it again.
  return (4 * 4 * ARRAY_SIZE) / median / 1e6;
}
