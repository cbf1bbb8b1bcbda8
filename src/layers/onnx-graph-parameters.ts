import { elementCount, type Graph, type Node, type Shape, type Tensor } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';

/** An array of weights that an imported graph takes as an input. */
export interface GraphParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Means and variances of batch normalization: they stay as they are. */
  readonly isStatistic: boolean;
  /** Whether weight decay applies: to kernels and matrices. */
  readonly decay: boolean;
  /** The number of the layer with weights that it belongs to, from 1; what comes before the first belongs to that. */
  readonly layer: number;
}

/** Inputs of an op that may be weights, by position; `all` for those of which any may be. */
const WEIGHTS: Readonly<Record<string, readonly number[] | 'all'>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: 'all',
  Einsum: 'all',
  BatchNormalization: [1, 2, 3, 4],
  LayerNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
  PRelu: [1],
  Add: 'all',
  Sub: 'all',
  Mul: 'all',
  Div: 'all',
  Gather: [0],
  Concat: 'all',
  Expand: [0],
};
/** Ops whose numbers are weights even where there is only one. */
const EVEN_ONE: readonly string[] = ['Conv', 'ConvTranspose', 'Gemm', 'BatchNormalization', 'PRelu'];
/** Ops that multiply by a kernel or a matrix, and the positions of those. */
const KERNELS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gemm: [1],
  MatMul: [0, 1],
  Einsum: [0, 1],
};
/** What is added of this size is a mask, no weight. */
const MASK = 100;

/**
 * Names of the initializers that are weights: those of convolutions, products, normalizations and sums, and tables.
 * Limits, scales of resizing, masks, and what is done to pixels before the first layer with weights stay constants.
 */
export function weightNames(graph: Graph): string[] {
  const isWeight = (name: string) => graph.initializers.get(name)?.type === 'float32';
  const first = graph.nodes.findIndex((node) => kernelsOf(node).some(isWeight));
  const names = new Set<string>();
  const constants = new Set<string>();
  graph.nodes.forEach((node, place) => {
    node.inputs.forEach((name, i) => {
      if (!isWeight(name)) return;
      const isOne = place >= first && first >= 0 && mayBeWeight(node, i, graph.initializers.get(name)!);
      (isOne ? names : constants).add(name);
    });
  });
  return [...names].filter((name) => !constants.has(name));
}

function mayBeWeight({ opType, domain }: Node, i: number, { dims, data }: Tensor): boolean {
  const positions = domain === '' && Object.hasOwn(WEIGHTS, opType) ? WEIGHTS[opType] : [];
  if (positions !== 'all' && !positions.includes(i)) return false;
  if (elementCount(dims) <= 1 && !EVEN_ONE.includes(opType)) return false;
  return !(opType === 'Add' && (data as Float32Array).some((value) => Math.abs(value) >= MASK));
}

function kernelsOf({ opType, domain, inputs }: Node): string[] {
  const positions = domain === '' && Object.hasOwn(KERNELS, opType) ? KERNELS[opType] : [];
  return positions.flatMap((i) => inputs[i] ?? []);
}

/** The weights of a graph whose inputs they are, after its image, in the order in which they are used. */
export function graphParameters({ inputs, nodes }: Graph): GraphParameter[] {
  const shapes = new Map(inputs.slice(1).map(({ name, shape }) => [name, shape]));
  const found = new Map<string, GraphParameter>();
  let layer = 0;
  for (const { opType, domain, inputs: given, ...node } of nodes) {
    const kernels = kernelsOf({ opType, domain, inputs: given, ...node }).filter((name) => shapes.has(name));
    if (kernels.length > 0) layer++;
    given.forEach((name, i) => {
      const shape = shapes.get(name);
      if (!shape || found.has(name)) return;
      const isStatistic = opType === 'BatchNormalization' && i >= 3;
      found.set(name, {
        name,
        shape: shape.map(Number),
        isStatistic,
        decay: kernels.includes(name) && shape.length >= 2,
        layer: Math.max(1, layer),
      });
    });
  }
  return [...found.values()];
}

/** Multiplications and additions (counted as one) of a graph for one image: those of its convolutions and products. */
export function graphMultiplyAdds(graph: Graph): number {
  const [image, ...weights] = graph.inputs;
  const builder = createGraph(graph.name);
  importGraph(builder, {
    ...graph,
    inputs: [{ ...image, shape: [1, ...image.shape.slice(1)] }, ...weights],
  });
  const count = (shape: Shape) => elementCount(shape.map(Number));
  return builder.nodes.reduce((total, { opType, domain, inputs: [x, weight], outputs: [y], attributes }) => {
    if (domain !== '' || !x || !weight) return total;
    switch (opType) {
      case 'Conv':
        return total + count(y.shape) * count(weight.shape.slice(1));
      case 'ConvTranspose':
        return total + count(x.shape) * count(weight.shape.slice(1));
      case 'Gemm':
        return total + count(y.shape) * Number(x.shape[attributes.transA === 1 ? 0 : 1]);
      case 'MatMul':
        return total + count(y.shape) * Number(x.shape.at(-1));
      default:
        return total;
    }
  }, 0);
}
