import { HarrierError } from '../errors.ts';
import type { GraphBuilder, Value } from '../onnx/index.ts';
import { add, fixedDims, logitsOf, mul, reduceSum, scale } from '../ops/index.ts';

/** Options of the loss, categorical cross-entropy. */
export interface CrossentropyOptions {
  /** Fraction of each target that is spread evenly over all classes (Szegedy et al., 2016), in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Categorical cross-entropy, the mean over the batch: −Σ target · ln probability. A row of targets that adds up to
 * another number than 1 gives its image that weight, with label smoothing too.
 *
 * @param output `[batch, classes]`: logits, or probabilities from Softmax. For the latter the input of the Softmax is
 *   used, because its logarithm is exact where the Softmax underflows
 * @param targets `[batch, classes]`, each row a distribution over the classes, times the weight of its image
 * @returns a single number
 */
export function categoricalCrossentropy(
  graph: GraphBuilder,
  output: Value,
  targets: Value,
  { labelSmoothing = 0 }: CrossentropyOptions = {},
): Value {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new HarrierError('bad-option', 'labelSmoothing', {
      expected: 'a number from 0 up to but not including 1',
      received: `${labelSmoothing}`,
    });
  }
  const [batch, classes] = fixedDims(targets);
  const logarithms = graph.op('LogSoftmax', [logitsOf(graph, output)], { axis: -1 });
  const smoothed =
    labelSmoothing === 0
      ? targets
      : add(
          graph,
          scale(graph, targets, 1 - labelSmoothing),
          scale(graph, reduceSum(graph, targets, [1], true), labelSmoothing / classes),
        );
  return scale(graph, reduceSum(graph, mul(graph, logarithms, smoothed), [0, 1], false), -1 / batch);
}
