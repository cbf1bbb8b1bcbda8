import type { GraphBuilder, Value } from '../onnx/index.ts';
import { asymmetricLoss, binaryCrossentropy } from './binary-crossentropy.ts';
import { type CrossentropyOptions, categoricalCrossentropy } from './crossentropy.ts';

/** The loss of a training, with its options. */
export interface LossOptions extends CrossentropyOptions {
  /**
   * `binaryCrossentropy`, `asymmetric`: images have any number of labels. Default: categorical cross-entropy, for images
   * of one class each.
   */
  readonly name?: 'binaryCrossentropy' | 'asymmetric';
}

/** Whether a loss is of images that have any number of labels. */
export function isMultiLabel({ name }: LossOptions = {}): boolean {
  return name !== undefined;
}

/** Adds the loss that options name: see `categoricalCrossentropy`, `binaryCrossentropy` and `asymmetricLoss`. */
export function lossOf(
  graph: GraphBuilder,
  output: Value,
  targets: Value,
  { name, ...options }: LossOptions = {},
): Value {
  if (name === 'binaryCrossentropy') return binaryCrossentropy(graph, output, targets, options);
  if (name === 'asymmetric') return asymmetricLoss(graph, output, targets, options);
  return categoricalCrossentropy(graph, output, targets, options);
}
