import { elementTypeCode, type GraphBuilder, type Value } from '../onnx/index.ts';
import { reduceSum } from '../ops/index.ts';

/**
 * How many images of a batch were classified rightly: those whose largest output stands at the largest target.
 * @param output `[batch, classes]`
 * @param targets `[batch, classes]`
 */
export function correctCount(graph: GraphBuilder, output: Value, targets: Value): Value {
  const largest = (value: Value) => graph.op('ArgMax', [value], { axis: -1, keepdims: 0 });
  const equal = graph.op('Equal', [largest(output), largest(targets)]);
  return reduceSum(graph, graph.op('Cast', [equal], { to: elementTypeCode('float32') }), [0], false);
}
