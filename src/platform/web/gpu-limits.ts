import { HarrierError } from '../../errors.ts';
import { decodeModel, type Model } from '../../onnx/index.ts';
import { createGraph, importGraph } from '../../ops/index.ts';

/**
 * Refuses what ONNX Runtime 1.30 would compute wrongly on the graphics device, without a word: batch normalization of
 * rows. Graphs that are lowered for WebGPU hold none; finished models may.
 *
 * @throws HarrierError `not-supported`
 */
export function checkForGpu(source: Model | Uint8Array): void {
  const { graph } = source instanceof Uint8Array ? decodeModel(source) : source;
  const normalizations = graph.nodes.filter(
    ({ opType, domain }) => opType === 'BatchNormalization' && domain === '',
  );
  if (normalizations.length === 0) return;
  const values = shapesOf(graph);
  const ofRows = normalizations.find(({ inputs: [x] }) => values?.get(x)?.shape.length === 2);
  if (!ofRows) return;
  throw new HarrierError('not-supported', 'WebGPU gives wrong results for batch normalization of rows', {
    where: ofRows.name || ofRows.outputs[0],
    next: "Use the backend 'wasm'.",
  });
}

/** Undefined for graphs with ops that Harrier does not know. */
function shapesOf(graph: Model['graph']) {
  try {
    return importGraph(createGraph(graph.name), graph);
  } catch {
    return undefined;
  }
}
