import { HarrierError } from '../errors.ts';
import { arrayOf, elementCount, formatShape, type Graph, type Value } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';

/** Bytes of one value that does not depend on the input. ONNX Runtime makes such values before it runs anything. */
const LARGEST = 2 ** 30;

/**
 * Refuses a model that makes constants of gigabytes out of little: ONNX Runtime would fill the memory with them.
 * A model with ops that Harrier does not know is left to ONNX Runtime.
 *
 * @throws HarrierError `too-large` that names the node
 */
export function checkConstants(graph: Graph, where: string): void {
  const builder = createGraph(graph.name);
  try {
    importGraph(builder, graph);
  } catch {
    // What came before the first op that is not known was imported, and is looked at all the same.
  }
  const changing = new Set(builder.inputs.map(({ name }) => name));
  for (const { opType, name, inputs, outputs } of builder.nodes) {
    if (inputs.some((input) => input && changing.has(input.name))) {
      for (const output of outputs) changing.add(output.name);
      continue;
    }
    const large = outputs.find((output) => bytesOf(output) > LARGEST);
    if (!large) continue;
    throw new HarrierError('too-large', 'it makes a constant that is too large', {
      where: `${where}: ${opType} "${name}"`,
      expected: 'at most 1 GiB',
      received: formatShape(large.shape),
    });
  }
}

function bytesOf({ type, shape }: Value): number {
  // An unknown size counts as 1: what it is shows when it is known.
  return (
    arrayOf(type).BYTES_PER_ELEMENT * elementCount(shape.map((size) => (typeof size === 'number' ? size : 1)))
  );
}
