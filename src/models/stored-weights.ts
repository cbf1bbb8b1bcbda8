import {
  elementCount,
  elementTypeCode,
  float32,
  type Graph,
  type Model,
  type Node,
  type Tensor,
} from '../onnx/index.ts';

/** How large arrays of weights lie in a model file. */
export type WeightStorage = 'float16' | 'int8';

/** Metadata key of how the weights are stored; absent where that is float32. */
const STORAGE_KEY = 'harrier.weights';

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

/** How a model's weights are stored, by its own account. */
export function weightStorageOf({ metadata }: Pick<Model, 'metadata'>): 'float32' | WeightStorage {
  const stored = metadata[STORAGE_KEY];
  return stored === 'float16' || stored === 'int8' ? stored : 'float32';
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
  const inner = elementCount(dims.slice(axis + 1));
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const scales = new Float32Array(channels);
  values.forEach((value, i) => {
    scales[channelOf(i)] = Math.max(scales[channelOf(i)], Math.abs(value) / 127);
  });
  const quantized = Int8Array.from(values, (value, i) => {
    const scale = scales[channelOf(i)];
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

const LARGEST_FLOAT16 = 65504;

/** IEEE 754 binary16 as bits, rounded to the nearest, ties to even. */
export function toFloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits) => {
    const sign = (bits >>> 16) & 0x8000;
    const exponent = ((bits >>> 23) & 0xff) - 127;
    const fraction = bits & 0x7fffff;
    if (exponent === 128) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
    // As many bits go as binary16 lacks: 13, and more for each power of two below its least normal number, 2^-14.
    const dropped = 13 + Math.max(0, -14 - exponent);
    if (dropped > 24) return sign;
    const whole = 0x800000 | fraction;
    const kept = whole >>> dropped;
    const rest = whole & ((1 << dropped) - 1);
    const half = 1 << (dropped - 1);
    const rounded = kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0);
    // A carry out of the fraction raises the exponent by itself; the leading one does so for normal numbers too.
    const base = exponent < -14 ? 0 : (exponent + 14) << 10;
    return sign | Math.min(0x7c00, base + rounded);
  });
}
