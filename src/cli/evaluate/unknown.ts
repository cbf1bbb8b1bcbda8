import { stat } from 'node:fs/promises';
import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import type { UnknownPredictions } from '../../evaluation/index.ts';
import type { Classifier } from '../../models/index.ts';
import { filesBelow } from '../../platform/node/datasets/folder-tree.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { isImageName } from '../../platform/node/images/image-names.ts';

/**
 * What a model says of images that show none of its classes: all below a folder, whatever their folders are called.
 * @throws HarrierError `not-found`, `bad-data` when there is no such folder, or no image in it
 */
export async function unknownPredictions(
  folder: string,
  classifier: Classifier,
  onProgress: OnProgress,
): Promise<UnknownPredictions> {
  const files = await imagesBelow(folder, '--unknown');
  const probabilities = new Float32Array(files.length * classifier.classNames.length);
  const unknown = classifier.tellsUnknown ? new Float32Array(files.length) : undefined;
  for (const [i, file] of files.entries()) {
    const answer = await classifier.answer(await decodeImage(file, classifier.imageShape, file));
    probabilities.set(answer.probabilities, i * classifier.classNames.length);
    if (answer.unknown) unknown?.set(answer.unknown, i);
    onProgress({ what: `evaluating on ${folder}`, done: i + 1, total: files.length, unit: 'images' });
  }
  return { probabilities, ...(unknown && { unknown }) };
}

/** The images below a folder. @param option that names it, for errors */
export async function imagesBelow(folder: string, option: string): Promise<string[]> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) {
    throw new HarrierError('not-found', info ? 'this is not a folder' : 'there is no such folder', {
      where: `${option} ${folder}`,
      expected: 'a folder of images',
      next: 'Check the path.',
    });
  }
  const below = (await filesBelow(folder, '.')).map(({ path }) => path.slice(2)).filter(isImageName);
  if (below.length > 0) return below.map((path) => `${folder.replace(/\/+$/, '')}/${path}`);
  throw new HarrierError('bad-data', 'this folder contains no images', {
    where: `${option} ${folder}`,
    expected: "files with an image's extension (.png, .jpg, …)",
    next: 'Check the path.',
  });
}
