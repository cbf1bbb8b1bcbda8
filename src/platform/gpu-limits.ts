import { HarrierError } from '../errors.ts';
import { decodeModel, type Model } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';

/**
 * A model as ONNX Runtime 1.30 computes it rightly on the graphics device. Its kernels take optional inputs at the end
 * of a node for given where their names are empty, as some exporters write them: they are left out. Graphs that are
 * lowered for WebGPU need nothing of this; finished models may.
 *
 * @throws HarrierError `not-supported` for batch normalization of rows, which it would get wrong without a word
 */
export function forGpu(source: Model | Uint8Array): Model | Uint8Array {
  const model = source instanceof Uint8Array ? decodeModel(source) : source;
  const { graph } = model;
  refuseRows(graph);
  if (graph.nodes.every(({ inputs }) => inputs.at(-1) !== '')) return source;
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.slice(0, node.inputs.findLastIndex((name) => name !== '') + 1),
  }));
  return { ...model, graph: { ...graph, nodes } };
}

function refuseRows(graph: Model['graph']): void {
  const normalizations = graph.nodes.filter(
    ({ opType, domain }) => opType === 'BatchNormalization' && domain === '',
  );
  if (normalizations.length === 0) return;
  const values = shapesOf(graph);
  const ofRows = normalizations.find(({ inputs: [x] }) => values?.get(x)?.shape.length === 2);
  if (!ofRows) return;
  throw new HarrierError('not-supported', 'WebGPU computes batch normalization of rows incorrectly', {
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
