import { DAMAGED_OR_NEWER, HarrierError } from '../errors.ts';
import type { Model } from '../onnx/index.ts';
import { ENSEMBLE_KEY } from './average-models.ts';
import { NETWORK_KEY, weightsOf } from './export.ts';
import { Network } from './network.ts';
import type { Weights } from './weights.ts';

/** A network, and weights that it was given by training. */
export interface TrainedNetwork {
  readonly network: Network;
  readonly weights: Weights;
}

/**
 * What a finished model was exported from, by its own account: layers and weights, which can be trained on. Weights that
 * are stored in fewer bits come back as float32.
 *
 * @param where what to call the model in errors
 * @throws HarrierError `not-supported` when the model does not say what layers it is made of, or averages others;
 *   `bad-graph` when it says so in a way that cannot be read, `bad-checkpoint` when its weights are not those of its layers
 */
export function trainedNetwork(model: Model, where: string): TrainedNetwork {
  if (Object.hasOwn(model.metadata, ENSEMBLE_KEY)) {
    throw new HarrierError('not-supported', 'a model that averages others is not made of one network', {
      where,
      next: 'Name one of its models, such as FOLDER/seed-1 or FOLDER/fold-1.',
    });
  }
  const config = model.metadata[NETWORK_KEY];
  if (config === undefined) {
    throw new HarrierError('not-supported', 'this model does not say what layers it is made of', {
      where,
      expected: `a model.onnx of Harrier, with ${NETWORK_KEY} in its metadata`,
      next: 'Train it again with this version of Harrier, or take the model that comes with it.',
    });
  }
  const network = networkFrom(config, where);
  return { network, weights: weightsOf(network, model, where) };
}

function networkFrom(config: string, where: string): Network {
  try {
    return Network.from(JSON.parse(config));
  } catch (cause) {
    throw new HarrierError('bad-graph', 'what it says of its layers cannot be read', {
      where,
      received: cause instanceof HarrierError ? cause.summary : undefined,
      next: `${DAMAGED_OR_NEWER} If a layer is your own, call registerLayers of harrier/layer first.`,
      cause,
    });
  }
}
