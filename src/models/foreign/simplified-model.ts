import { HarrierError } from '../../errors.ts';
import {
  type Graph,
  inlineFunctions,
  type Model,
  modelOf,
  type NamedType,
  type Shape,
} from '../../onnx/index.ts';
import { simplify } from '../../passes/index.ts';
import { inFloat32 } from './in-float32.ts';
import { simplifiedForAnyBatch } from './prepare-graph.ts';

/** Where a graph leaves the size of its image open. */
const USUAL_SIZE = 224;

/**
 * A model of another program as one can read it: sizes are known, what is computed of them is gone, and so are nodes that
 * do nothing. Open sizes of an image, but for the batch, are the given one.
 *
 * @throws HarrierError as `simplify` does
 */
export function simplifiedModel(model: Model, imageSize = USUAL_SIZE, where = 'model'): Model {
  const { graph, metadata } = inlineFunctions(model, where);
  const sized: Graph = {
    ...inFloat32(graph),
    inputs: inFloat32(graph).inputs.map((input) => ({ ...input, shape: sizedShape(input, imageSize) })),
  };
  return modelOf(simplified(sized, where), { ...metadata });
}

function simplified(graph: Graph, where: string): Graph {
  const [input, ...others] = graph.inputs;
  if (others.length > 0 || input?.shape.length !== 4) return simplify(graph);
  try {
    return simplifiedForAnyBatch(graph, where);
  } catch (cause) {
    // It can be read, if only for one number of images.
    if (cause instanceof HarrierError && cause.code === 'not-supported') return simplify(graph);
    throw cause;
  }
}

function sizedShape({ shape, unranked }: NamedType, imageSize: number): Shape {
  if (unranked || shape.length !== 4) return shape;
  const isChannelsLast = shape[3] === 3 || shape[3] === 1 || /channel/i.test(`${shape[3]}`);
  return shape.map((size, axis) => {
    if (axis === 0 || typeof size === 'number') return size;
    return axis === (isChannelsLast ? 3 : 1) ? 3 : imageSize;
  });
}
