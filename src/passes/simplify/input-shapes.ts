import { HarrierError } from '../../errors.ts';
import { formatShape, type Graph, type Shape } from '../../onnx/index.ts';

/**
 * A graph whose inputs have other shapes: sizes in the place of symbolic dimensions.
 *
 * @param shapes by the name of an input
 * @throws HarrierError `bad-shape` when an input is not there, or has another rank or another size
 */
export function withInputShapes(graph: Graph, shapes: Readonly<Record<string, Shape>>): Graph {
  const missing = Object.keys(shapes).find((name) => !graph.inputs.some((input) => input.name === name));
  if (missing !== undefined) {
    const names = graph.inputs.map(({ name }) => `"${name}"`).join(', ');
    throw new HarrierError('bad-shape', 'the graph has no such input', {
      where: graph.name,
      expected: names,
      received: `"${missing}"`,
    });
  }
  const inputs = graph.inputs.map((input) => {
    const shape = Object.hasOwn(shapes, input.name) ? shapes[input.name] : input.shape;
    if (fits(input.shape, shape)) return { ...input, shape };
    throw new HarrierError('bad-shape', `the input "${input.name}" has another shape`, {
      where: graph.name,
      expected: formatShape(input.shape),
      received: formatShape(shape),
    });
  });
  return { ...graph, inputs };
}

function fits(stated: Shape, wanted: Shape): boolean {
  return (
    stated.length === wanted.length &&
    stated.every((size, axis) => typeof size === 'string' || size === wanted[axis])
  );
}
