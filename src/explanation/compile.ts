import { type GraphBuilder, modelOf } from '../onnx/index.ts';
import { lower } from '../passes/index.ts';
import type { Executable, Runtime } from '../runtime/index.ts';

/** Prepares what a graph's outputs need for running. */
export function compileGraph(runtime: Runtime, graph: GraphBuilder): Promise<Executable> {
  return runtime.compile(modelOf(lower(graph.build(), runtime.target)));
}
