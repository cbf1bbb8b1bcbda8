import { elementCount, type Graph } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';
import { type LinearUnit, unitsOf } from './units.ts';

/** A layer with weights. */
export interface LayerWithWeights {
  /** Name of what its op computes. */
  readonly name: string;
  /** Products for one image (or view of one). */
  readonly products: number;
}

/** The layers that can compute in integers, in the order of the graph. */
export function layersOf(graph: Graph): LayerWithWeights[] {
  const values = importGraph(createGraph(graph.name), graph);
  const matrices = new Set(
    graph.nodes.filter(({ opType }) => opType === 'MatMul').flatMap(({ outputs }) => outputs),
  );
  return [...unitsOf(graph)].flatMap(([name, unit]) => {
    if (unit.kind !== 'linear') return [];
    const weights = elementCount(graph.initializers.get((unit as LinearUnit).weight)!.dims);
    const { shape } = values.get(name)!;
    // A product of matrices has its channels last, as tokens do; what a convolution gives has them second.
    const positions = (matrices.has(name) ? shape.slice(1, -1) : shape.slice(2)).map(Number);
    return [{ name, products: weights * elementCount(positions) }];
  });
}
