import { stat } from 'node:fs/promises';
import type { ImageInput } from '../data/dataset.ts';
import { HarrierError } from '../errors.ts';
import { formatQuantity } from '../format/format.ts';
import { isOfMachine } from '../platform/node/datasets/folder-cache.ts';
import { filesBelow } from '../platform/node/datasets/folder-tree.ts';
import { decodeImage } from '../platform/node/images/decode.ts';
import { isImageName } from '../platform/node/images/image-names.ts';
import type { Reporter } from './reporter.ts';

/** How `usableImages` reads them. */
export interface UsableImagesOptions {
  readonly shape: ImageInput;
  /** Of what progress is told. */
  readonly what: string;
  /** Leave out those that cannot be read, and say how many, instead of failing. */
  readonly skipBad: boolean | undefined;
  readonly reporter: Reporter;
}

/**
 * Images one after another, as a model takes them.
 * @throws HarrierError for a file that is no usable image, unless it may be left out; `bad-data` when all are
 */
export async function* usableImages(
  files: readonly string[],
  { shape, what, skipBad, reporter }: UsableImagesOptions,
): AsyncGenerator<{ readonly file: string; readonly pixels: Uint8Array }> {
  const skipped: HarrierError[] = [];
  for (const [i, file] of files.entries()) {
    const pixels = await decodeImage(file, shape, file).catch((error) => {
      if (!(error instanceof HarrierError) || isOfMachine(error)) throw error;
      skipped.push(error);
      return undefined;
    });
    if (!pixels && (!skipBad || skipped.length === files.length)) throw badFile(skipped[0]);
    if (pixels) yield { file, pixels };
    reporter.work({ what, done: i + 1, total: files.length, unit: 'images' });
  }
  if (skipped.length === 0) return;
  const are = skipped.length === 1 ? 'is not a usable image' : 'are not usable images';
  reporter.note(
    `Note: ${skipped.length} of ${formatQuantity(files.length, 'file')} ${are}, and left out; the first of them: ${skipped[0].message}`,
  );
}

function badFile({ code, summary, details, cause }: HarrierError): HarrierError {
  const next = 'Repair or remove it, or skip such files.';
  return new HarrierError(code, summary, { ...details, next, options: ['skipBad'], cause });
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
