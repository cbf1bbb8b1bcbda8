import { readFile } from 'node:fs/promises';
import type { Runtime } from '../../runtime/index.ts';
import { Model } from '../../training/index.ts';
import { nodeRuntime } from './engine/runtime.ts';
import { readError } from './files/read-error.ts';

/**
 * Loads a `model.onnx` file that `model.save` wrote, as Keras's `load_model`. The model predicts and evaluates at
 * once; `compile` and `fit` train it further, with a fresh optimizer.
 *
 * @param options `runtime`: the engine. Default: `nodeRuntime()`
 * @throws HarrierError `not-found` or `storage` when the file cannot be read, `bad-graph` or `not-supported` when it
 *   holds no model of Harrier
 */
export async function loadModel(
  file: string,
  { runtime = nodeRuntime() }: { readonly runtime?: Runtime } = {},
): Promise<Model> {
  const bytes = await readFile(file).catch((error) => {
    throw readError(error, file, 'file');
  });
  return Model.fromOnnx(bytes, { runtime, where: file });
}
