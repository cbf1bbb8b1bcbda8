import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { readError } from '../../platform/node/files/read-error.ts';

/** The channel of a pretrained model that a job begins with. */
export const MODEL_CHANNEL = 'model';

/** Models, and PyTorch's weights of networks that Harrier knows. */
const MODEL_FILE = /\.(onnx|pth|pt|bin)$/i;

/**
 * The model in a folder: the only `.onnx` file, or else the only file of PyTorch's weights. Files that say how it wants its
 * images, or hold its weights, may lie beside it.
 *
 * @throws HarrierError `bad-data` where there is none, or more than one; `not-found` without the folder
 */
export async function modelIn(folder: string): Promise<string> {
  const names = await readdir(folder).catch((error) => {
    throw readError(error, folder, 'folder');
  });
  const models = names.filter((name) => MODEL_FILE.test(name));
  const graphs = models.filter((name) => /\.onnx$/i.test(name));
  const found = graphs.length > 0 ? graphs : models;
  if (found.length === 1) return join(folder, found[0]);
  throw new HarrierError('bad-data', found.length === 0 ? 'it holds no model' : 'it holds several models', {
    where: folder,
    expected: 'one .onnx file, or one .pth file of a network that Harrier knows',
    received: (found.length === 0 ? names : found).slice(0, 8).join(', ') || 'nothing',
  });
}
