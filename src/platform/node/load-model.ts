import { readFile } from 'node:fs/promises';
import type { Runtime } from '../../runtime/index.ts';
import { Model } from '../../training/index.ts';
import { nodeRuntime } from './engine/runtime.ts';
import { readError } from './files/read-error.ts';

/**
 * The model of a `model.onnx` file, as `model.save` wrote it: Keras's `load_model`. It predicts and evaluates at once;
 * `compile` and `fit` train it on, with a fresh optimizer.
 *
 * @param options `runtime`: what runs it. Default: `nodeRuntime()`
 * @throws HarrierError `not-found` or `storage` when the file cannot be read, `bad-graph` or `not-supported` when it holds
 *   no model of Harrier
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
