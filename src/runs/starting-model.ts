import { isStateDict, networkOfStateDict } from '../applications/index.ts';
import { type Preprocessing, preprocessingOf } from '../data/preprocessing.ts';
import { type Sha256, sha256 } from '../data/sha256.ts';
import type { TestTimeAugmentation } from '../data/views.ts';
import { exportOptionsOf, type TrainedNetwork, trainedNetwork } from '../models/index.ts';
import { decodeModel } from '../onnx/index.ts';
import type { FineTunedFrom } from './run-record.ts';

/** A finished model that can be trained on. */
export interface StartingModel extends TrainedNetwork, Omit<FineTunedFrom, 'trainable'> {
  /** Views of each image that it averages. */
  readonly testTimeAugmentation: TestTimeAugmentation;
  /** How it wants its images; their size is the network's `inputShape`. */
  readonly preprocessing: Preprocessing;
}

/**
 * A model file with its layers and weights: an ONNX model, or PyTorch's weights of a network that Harrier has in its own
 * layers.
 *
 * @param called what a run calls it: see `FineTunedFrom`
 * @param where its file, for errors
 * @param hash begins a SHA-256
 * @throws HarrierError as `decodeModel`, `trainedNetwork` and `networkOfStateDict` do
 */
export function startingModelOf(
  bytes: Uint8Array,
  called: Pick<FineTunedFrom, 'name' | 'path'>,
  where: string,
  hash: () => Sha256 = sha256,
): StartingModel {
  const named = { ...called, hash: hash().update(bytes).digest() };
  if (isStateDict(bytes))
    return { ...networkOfStateDict(bytes, where), ...named, testTimeAugmentation: 'none' };
  const model = decodeModel(bytes, where);
  return {
    ...trainedNetwork(model, where),
    ...named,
    testTimeAugmentation: exportOptionsOf(model).testTimeAugmentation,
    preprocessing: preprocessingOf(model.metadata, where),
  };
}
