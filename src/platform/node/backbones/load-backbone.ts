import { Backbone } from '../../../backbones/index.ts';
import type { ForeignOptions } from '../../../models/index.ts';
import { notesOn } from '../../../runs/starting-model.ts';
import type { Runtime } from '../../../runtime/index.ts';
import { nodeRuntime } from '../engine/runtime.ts';
import { startingModel } from '../runs/starting-model.ts';
import type { FetchModelOptions } from './fetch-model.ts';

/** How `loadBackbone` loads. */
export interface LoadBackboneOptions extends Pick<FetchModelOptions, 'onProgress' | 'signal'> {
  /** What runs it. Default: `nodeRuntime()`. */
  readonly runtime?: Runtime;
  /** Side of the images that it is to take, where its weights allow another than its own. */
  readonly imageSize?: number;
  /**
   * How a model of another program wants its images: mean, deviation, resizing. What is left out is read from its file or
   * those beside it, or assumed.
   */
  readonly reading?: ForeignOptions;
  /**
   * Told in a sentence each: what was assumed of a model of another program, what another size of images costs, what the
   * licence of a fetched model forbids or asks for, and that one source stands in for another.
   */
  readonly onNote?: (sentence: string) => void;
}

/**
 * A pretrained network for its features: `await loadBackbone('efficientnet-lite0')`. It is fetched into the cache where it
 * is not there yet.
 *
 * @param name a name of the catalogue, `hf:OWNER/NAME`, a web address, or a file: `.onnx`, or `.pth` of a network that
 *   Harrier knows
 * @throws HarrierError `not-found`, `network`, `unauthorized`, `storage` when it cannot be had; `bad-graph`, `not-supported`
 *   when it cannot be used; `bad-option` for a size that it cannot take, or a `reading` of a model that states its own; the
 *   signal's reason when aborted
 */
export async function loadBackbone(
  name: string,
  { runtime = nodeRuntime(), imageSize, reading, ...fetching }: LoadBackboneOptions = {},
): Promise<Backbone> {
  const options = { ...reading, ...(imageSize !== undefined && { imageSize }) };
  const model = await startingModel(name, options, fetching);
  for (const sentence of notesOn(model)) fetching.onNote?.(sentence);
  return Backbone.load(runtime, model);
}
