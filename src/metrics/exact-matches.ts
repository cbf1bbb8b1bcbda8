import { elementTypeCode, type GraphBuilder, type Value } from '../onnx/index.ts';
import { axes, reduceSum, scalar, sub } from '../ops/index.ts';

/**
 * How many images of a batch have exactly the labels that a network gives a probability of at least one half: scikit-learn's
 * accuracy of several labels.
 *
 * @param scores `[batch, labels]`, from 0 on for such a probability
 * @param targets `[batch, labels]`; above one half for a label that an image has
 */
export function exactMatchCount(graph: GraphBuilder, scores: Value, targets: Value): Value {
  const is = (comparison: 'GreaterOrEqual' | 'Greater', value: Value, limit: number) =>
    graph.op('Cast', [graph.op(comparison, [value, scalar(graph, limit)])], {
      to: elementTypeCode('float32'),
    });
  const wrong = graph.op('Abs', [sub(graph, is('GreaterOrEqual', scores, 0), is('Greater', targets, 0.5))]);
  const most = graph.op('ReduceMax', [wrong, axes(graph, [1])], { keepdims: 0 });
  return reduceSum(graph, sub(graph, scalar(graph, 1), most), [0], false);
}
