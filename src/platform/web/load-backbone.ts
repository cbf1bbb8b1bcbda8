import { Backbone } from '../../backbones/index.ts';
import type { OnProgress } from '../../data/progress.ts';
import { type ForeignModelOptions, startingModelOf } from '../../runs/starting-model.ts';
import type { Runtime } from '../../runtime/index.ts';
import { fetchBytes } from './fetch-bytes.ts';

/** How `loadBackbone` loads. */
export interface LoadBackboneOptions {
  /** What runs it: `await webRuntime()`. */
  readonly runtime: Runtime;
  /** What to call it. Default: its address, or `backbone`. */
  readonly name?: string;
  /** How a model of another program wants its images, where its file does not say: mean, deviation, resizing. */
  readonly reading?: ForeignModelOptions;
  readonly onProgress?: OnProgress;
}

/**
 * A pretrained network for its features. Pages know no catalogue: give the address of a file, or its bytes; `model.onnx`
 * of Harrier, an ONNX model of another program, or PyTorch's weights of a network that Harrier knows.
 *
 * @throws HarrierError `network` when it does not come; `bad-graph`, `not-supported` when it cannot be used
 */
export async function loadBackbone(
  source: string | URL | Uint8Array,
  { runtime, name, reading, onProgress }: LoadBackboneOptions,
): Promise<Backbone> {
  const called = name ?? (source instanceof Uint8Array ? 'backbone' : `${source}`);
  const bytes =
    source instanceof Uint8Array
      ? source
      : new Uint8Array(await fetchBytes(`${source}`, `loading ${called}`, onProgress));
  return Backbone.load(runtime, startingModelOf(bytes, { name: called }, called, undefined, reading));
}
