import { Backbone } from '../../../backbones/index.ts';
import type { Runtime } from '../../../runtime/index.ts';
import { nodeRuntime } from '../engine/runtime.ts';
import { startingModel } from '../runs/starting-model.ts';
import type { FetchModelOptions } from './fetch-model.ts';

/** How `loadBackbone` loads. */
export interface LoadBackboneOptions extends Pick<FetchModelOptions, 'onProgress' | 'onNote' | 'signal'> {
  /** What runs it. Default: `nodeRuntime()`. */
  readonly runtime?: Runtime;
  /** Side of the images that it is to take, where its weights allow another than its own. */
  readonly imageSize?: number;
}

/**
 * A pretrained network for its features: `await loadBackbone('efficientnet-lite0')`. It is fetched into the cache where it
 * is not there yet.
 *
 * @param name a name of the catalogue, `hf:OWNER/NAME`, a web address, or a file: `.onnx`, or `.pth` of a network that
 *   Harrier knows
 * @throws HarrierError `not-found`, `network`, `unauthorized`, `storage` when it cannot be had; `bad-graph`, `not-supported`
 *   when it cannot be used; `bad-option` for a size that it cannot take; the signal's reason when aborted
 */
export async function loadBackbone(
  name: string,
  { runtime = nodeRuntime(), imageSize, ...fetching }: LoadBackboneOptions = {},
): Promise<Backbone> {
  return Backbone.load(
    runtime,
    await startingModel(name, { ...(imageSize !== undefined && { imageSize }) }, fetching),
  );
}
