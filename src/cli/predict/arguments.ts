import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { HarrierError } from '../../errors.ts';

const IMAGES = ['.png', '.jpg', '.jpeg', '.webp', '.avif', '.gif', '.tif', '.tiff'];

/**
 * Parts what was typed into model and images: the first word is the model, unless it is called like an image and
 * is no folder.
 *
 * @throws HarrierError `bad-option` when there are no images
 */
export async function predictArguments(
  words: readonly string[],
): Promise<{ model: string | undefined; files: readonly string[] }> {
  const [first, ...rest] = words;
  const isImage = first !== undefined && IMAGES.includes(extname(first).toLowerCase());
  const hasModel = first !== undefined && !(isImage && !(await isFolder(first)));
  const files = hasModel ? rest : words;
  if (files.length > 0) return { model: hasModel ? first : undefined, files };
  throw new HarrierError('bad-option', "missing required argument 'file': which images are meant", {
    // Whoever meant it as an image learns why it is not taken for one.
    ...(hasModel && {
      received: `only "${first}", which is not called like an image and so names the model`,
    }),
    next: 'See --help.',
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
