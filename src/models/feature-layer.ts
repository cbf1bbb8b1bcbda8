import { headOf } from './new-head.ts';
import type { TrainedNetwork } from './trained-network.ts';
import { withoutHead } from './without-head.ts';

/**
 * The layer whose inputs are the features of a network: its head, or the hidden layer before that.
 * @throws HarrierError `not-supported` when its last weights are not a Dense layer's that gives the scores
 */
export function featureLayer(model: TrainedNetwork, hasHiddenLayer = false): string {
  return hasHiddenLayer ? headOf(withoutHead(model).network) : headOf(model.network);
}
