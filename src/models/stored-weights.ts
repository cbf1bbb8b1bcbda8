import {
  elementCount,
  elementTypeCode,
  float32,
  fromFloat16,
  type Graph,
  type Model,
  type Node,
  type Tensor,
  toFloat16,
} from '../onnx/index.ts';

/** How large arrays of weights lie in a model file. */
export type WeightStorage = 'float16' | 'int8';

/** Metadata key of how the weights are stored; absent where that is float32. */
export const STORAGE_KEY = 'harrier.weights';

/** Arrays with fewer elements stay as they are: nothing is gained by biases in fewer bits. */
const SMALLEST = 256;

/**
 * The same model with its large arrays of weights stored in fewer bits. All computation stays in float32: ops in front
 * of the graph bring the weights back, and ONNX Runtime does them once, when it loads the model (constant folding;
 * it would keep DequantizeLinear and do it at every run, so that these are Cast and Mul). So a model gets smaller, and
 * neither slower nor faster.
 *
 * - `float16`: rounded to the nearest (to even), 11 significant bits.
 * - `int8`: symmetric, with a scale of its own for every output channel: w ≈ scale · q, q in −127 … 127. Only kernels
 *   of Conv, ConvTranspose, Gemm and MatMul. R. Krishnamoorthi, "Quantizing deep convolutional networks for efficient
 *   inference: A whitepaper", 2018, section 3.1.
 */
export function withStoredWeights({ graph, opsets, metadata }: Model, storage: WeightStorage): Model {
  const initializers = new Map<string, Tensor>();
  const nodes: Node[] = [];
  for (const [name, tensor] of graph.initializers) {
    const stored = elementCount(tensor.dims) < SMALLEST ? undefined : STORE[storage](graph, name, tensor);
    if (stored) {
      for (const [part, content] of stored.initializers) initializers.set(part, content);
      nodes.push(...stored.nodes);
    } else initializers.set(name, tensor);
  }
  return {
    graph: { ...graph, initializers, nodes: [...nodes, ...graph.nodes] },
    opsets,
    metadata: { ...metadata, [STORAGE_KEY]: storage },
  };
}

/**
 * An array of weights in float32, however the model stores it.
 *
 * @param name what the model would call it in float32
 * @returns undefined when the model holds no such array, or holds it in a form that is not Harrier's
 */
export function weightTensor({ initializers }: Graph, name: string): Tensor | undefined {
  const whole = initializers.get(name);
  if (whole?.type === 'float32') return whole;
  const half = initializers.get(`${name}/float16`);
  if (half?.type === 'float16') return float32(half.dims, fromFloat16(half.data as Uint16Array));
  const [quantized, scale] = [initializers.get(`${name}/int8`), initializers.get(`${name}/scale`)];
  if (quantized?.type !== 'int8' || scale?.type !== 'float32') return undefined;
  const channel = channelOf(
    quantized.dims,
    scale.dims.findIndex((size) => size > 1),
  );
  const scales = scale.data as Float32Array;
  return float32(
    quantized.dims,
    Float32Array.from(quantized.data as Int8Array, (value, i) => value * scales[channel(i)]),
  );
}

/** Storage of a model that computes in integers too: its graph is another one, and so are its weights. */
export const INTEGER_STORAGE = 'int8-compute';

/** How a model's weights are stored, by its own account. */
export function weightStorageOf({
  metadata,
}: Pick<Model, 'metadata'>): 'float32' | WeightStorage | typeof INTEGER_STORAGE {
  const stored = metadata[STORAGE_KEY];
  return stored === 'float16' || stored === 'int8' || stored === INTEGER_STORAGE ? stored : 'float32';
}

interface Stored {
  readonly initializers: readonly [string, Tensor][];
  readonly nodes: readonly Node[];
}

type Store = (graph: Graph, name: string, tensor: Tensor) => Stored | undefined;

const STORE: Readonly<Record<WeightStorage, Store>> = { float16: storeFloat16, int8: storeInt8 };

function storeFloat16(_: Graph, name: string, { type, dims, data }: Tensor): Stored | undefined {
  if (type !== 'float32' || !(data as Float32Array).every((value) => Math.abs(value) <= LARGEST_FLOAT16))
    return undefined;
  const stored = `${name}/float16`;
  return {
    initializers: [[stored, { type: 'float16', dims, data: toFloat16(data as Float32Array) }]],
    nodes: [node('Cast', name, [stored], { to: elementTypeCode('float32') })],
  };
}

function storeInt8(graph: Graph, name: string, { type, dims, data }: Tensor): Stored | undefined {
  const axis = outputAxis(graph, name, dims.length);
  if (type !== 'float32' || axis === undefined) return undefined;
  const values = data as Float32Array;
  const channels = dims[axis];
  const channel = channelOf(dims, axis);
  const scales = new Float32Array(channels);
  values.forEach((value, i) => {
    scales[channel(i)] = Math.max(scales[channel(i)], Math.abs(value) / 127);
  });
  const quantized = Int8Array.from(values, (value, i) => {
    const scale = scales[channel(i)];
    return scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(value / scale)));
  });
  const [stored, scale, cast] = [`${name}/int8`, `${name}/scale`, `${name}/cast`];
  const scaleDims = dims.map((_, i) => (i === axis ? channels : 1));
  return {
    initializers: [
      [stored, { type: 'int8', dims, data: quantized }],
      [scale, float32(scaleDims, scales)],
    ],
    nodes: [
      node('Cast', cast, [stored], { to: elementTypeCode('float32') }),
      node('Mul', name, [cast, scale]),
    ],
  };
}

function node(opType: string, output: string, inputs: string[], attributes: Node['attributes'] = {}): Node {
  return { name: output, opType, domain: '', inputs, outputs: [output], attributes };
}

/** The axis of the output channels, where all that use a value use it as the kernel of a linear op, in one way. */
function outputAxis(graph: Graph, name: string, rank: number): number | undefined {
  const axes = new Set<number | undefined>();
  for (const { opType, domain, inputs, attributes } of graph.nodes) {
    if (!inputs.includes(name)) continue;
    const isKernel = domain === '' && inputs.indexOf(name) === 1 && inputs.lastIndexOf(name) === 1;
    if (!isKernel) return undefined;
    if (opType === 'Conv') axes.add(0);
    else if (opType === 'ConvTranspose' && (attributes.group ?? 1) === 1) axes.add(1);
    else if (opType === 'Gemm') axes.add(attributes.transB === 1 ? 0 : 1);
    else if (opType === 'MatMul' && rank === 2) axes.add(1);
    else return undefined;
  }
  return axes.size === 1 ? [...axes][0] : undefined;
}

/** Which place along an axis an element has; with no such axis, all have the first. */
function channelOf(dims: readonly number[], axis: number): (element: number) => number {
  if (axis < 0) return () => 0;
  const inner = elementCount(dims.slice(axis + 1));
  return (element) => Math.floor(element / inner) % dims[axis];
}

const LARGEST_FLOAT16 = 65504;
