import { checkShape, type ImageInput } from '../../data/dataset.ts';
import { oneChannel } from '../../data/luma.ts';
import type { ImageSource } from '../../run/types.ts';
import { unshared } from '../unshared.ts';
import { decodeImage as decodeFile } from './deep-png.ts';
import { pixelsOf } from './image-source.ts';

/**
 * Reads one image as a model takes it: uint8 `[height, width, channels]`, row-major, sRGB. Files are decoded by the
 * browser itself; of a video, the image is the one that it shows now. For a network of grey images (1 channel) an image
 * comes as its brightness.
 *
 * It does what `decodeImage` of `harrier/node` does, so that answers agree: the camera's orientation (EXIF) is applied,
 * transparent parts become white, of several frames the first counts, and the image comes to the shape as
 * `shape.preprocessing` says, which the `imageShape` of a model brings along; by default it is scaled whole, without
 * regard to its aspect. Works in pages and in workers.
 *
 * @param source a file, its bytes or its address; pixels in memory; or what can be drawn, such as a canvas or a video
 * @param shape of the pixels: `imageShape` of a `Classifier`, or one of your own
 * @param where what to call it in errors; by default the file's name or address
 * @param maxPixels the largest image, in pixels before scaling, that is decoded or drawn at all. Default: 2 ** 26
 * @throws HarrierError `bad-data` when it is no image, damaged or cut off, or has no pixels yet; `too-large`; `network`
 *   when an address gives nothing; `not-supported` for an image of another site that does not allow it; `bad-option`
 *   for a shape that no image has, and for what is none of these; `storage` when the file cannot be read
 */
export async function decodeImage(
  source: ImageSource,
  shape: ImageInput,
  where?: string,
  maxPixels?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  checkShape('decodeImage', shape);
  const own = source instanceof Uint8Array ? unshared(source) : source;
  const colours = (as: ImageInput) => pixelsOf(own, as, decodeFile, where, maxPixels);
  return shape.channels === 1 ? oneChannel(await colours({ ...shape, channels: 3 })) : colours(shape);
}
