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
  return [...unitsOf(graph)].flatMap(([name, unit]) => {
    if (unit.kind !== 'linear') return [];
    const weights = elementCount(graph.initializers.get((unit as LinearUnit).weight)!.dims);
    const positions = values.get(name)!.shape.slice(2).map(Number);
    return [{ name, products: weights * elementCount(positions) }];
  });
}
