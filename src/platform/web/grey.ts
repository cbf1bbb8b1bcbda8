import { checkShape, type ImageInput } from '../../data/dataset.ts';
import { oneChannel } from '../../data/luma.ts';
import { unshared } from '../unshared.ts';
import { decodeImage as decodeColours } from './deep-png.ts';

/**
 * Reads one image as a model takes it: uint8 `[height, width, channels]`, row-major, sRGB, by the browser's own decoders.
 * For a network of grey images (1 channel) it comes as its brightness.
 *
 * It does what `decodeImage` of `harrier/node` does, so that answers agree: the camera's orientation (EXIF) is applied,
 * transparent parts become white, of several frames the first counts, and the image comes to the shape as
 * `shape.preprocessing` says, which the `imageShape` of a model brings along; by default it is scaled whole, without
 * regard to its aspect. Works in pages and in workers.
 *
 * @param source a file, or the bytes of one
 * @param shape of the pixels: `imageShape` of a `Classifier`, or one of your own
 * @param where what to call it in errors; by default the file's name
 * @param maxPixels the largest image, in pixels before scaling, that is decoded at all
 * @throws HarrierError `bad-data` when it is no image, damaged or cut off; `too-large`; `bad-option` for a
 *   shape that no image has; `storage` when the file cannot be read
 */
export async function decodeImage(
  source: Blob | Uint8Array,
  shape: ImageInput,
  where?: string,
  maxPixels?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  checkShape('decodeImage', shape);
  const file = source instanceof Blob ? source : unshared(source);
  if (shape.channels !== 1) return decodeColours(file, shape, where, maxPixels);
  return oneChannel(await decodeColours(file, { ...shape, channels: 3 }, where, maxPixels));
}
