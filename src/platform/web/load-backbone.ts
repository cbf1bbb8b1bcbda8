import { Backbone } from '../../backbones/index.ts';
import type { OnProgress } from '../../data/progress.ts';
import { type ForeignModelOptions, notesOn, startingModelOf } from '../../runs/starting-model.ts';
import type { Runtime } from '../../runtime/index.ts';
import { fetchBytes } from './fetch-bytes.ts';

/** How `loadBackbone` loads. */
export interface LoadBackboneOptions {
  /** What runs it: `await webRuntime()`. */
  readonly runtime: Runtime;
  /** What to call it. Default: its address, or `backbone`. */
  readonly name?: string;
  /** Side of the images that it is to take, where its weights allow another than its own. */
  readonly imageSize?: number;
  /** How a model of another program wants its images, where its file does not say: mean, deviation, resizing. */
  readonly reading?: ForeignModelOptions;
  readonly onProgress?: OnProgress;
  /** Ends the download. */
  readonly signal?: AbortSignal;
  /** Told in a sentence each: what was assumed of a model of another program, and what another size of images costs. */
  readonly onNote?: (sentence: string) => void;
}

/**
 * A pretrained network for its features. Pages know no catalogue: give the address of a file, or its bytes; `model.onnx`
 * of Harrier, an ONNX model of another program, or PyTorch's weights of a network that Harrier knows.
 *
 * @throws HarrierError `network` when it does not come; `bad-graph`, `not-supported` when it cannot be used; `bad-option`
 *   for a size that it cannot take, or a `reading` of a model that states its own; the signal's reason when aborted
 */
export async function loadBackbone(
  source: string | URL | Uint8Array,
  { runtime, name, imageSize, reading, onProgress, signal, onNote }: LoadBackboneOptions,
): Promise<Backbone> {
  const called = name ?? (source instanceof Uint8Array ? 'backbone' : `${source}`);
  const bytes =
    source instanceof Uint8Array ? source : await fetched(`${source}`, called, onProgress, signal);
  const options = { ...reading, ...(imageSize !== undefined && { imageSize }) };
  const model = startingModelOf(bytes, { name: called }, called, undefined, options);
  for (const sentence of notesOn(model)) onNote?.(sentence);
  return Backbone.load(runtime, model);
}

async function fetched(
  address: string,
  called: string,
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    return new Uint8Array(await fetchBytes(address, `loading ${called}`, onProgress, { signal }));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
