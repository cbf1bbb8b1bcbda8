import { inlineFunctions, type Model, modelOf, type Shape } from '../../onnx/index.ts';
import { simplify } from '../../passes/index.ts';
import { inFloat32 } from './in-float32.ts';

/** Where a graph leaves the size of its image open. */
const USUAL_SIZE = 224;

/**
 * A model of another program as one can read it: sizes are known, what is computed of them is gone, and so are nodes that
 * do nothing. Open sizes but for the first, the batch, are the given one.
 *
 * @throws HarrierError as `simplify` does
 */
export function simplifiedModel(model: Model, imageSize = USUAL_SIZE): Model {
  const { graph, metadata } = inlineFunctions(model, 'model');
  const shapes = graph.inputs.flatMap(({ name, shape, unranked }): [string, Shape][] =>
    unranked || shape.length !== 4
      ? []
      : [[name, shape.map((size, axis) => sized(size, axis, shape, imageSize))]],
  );
  return modelOf(simplify(inFloat32(graph), Object.fromEntries(shapes)), { ...metadata });
}

function sized(size: Shape[number], axis: number, shape: Shape, imageSize: number): Shape[number] {
  if (axis === 0 || typeof size === 'number') return size;
  const isChannels = axis === 1 && typeof shape[3] === 'string' && !/channel/i.test(shape[3]);
  return isChannels ? 3 : imageSize;
}
