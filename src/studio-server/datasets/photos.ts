import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { RawImage } from '../../data/bmp.ts';
import { type Dataset, type ImageInput, imageBytes } from '../../data/dataset.ts';
import { type ImageFormat, imageFormatOf } from '../../data/image-bytes.ts';
import { shapedPixels } from '../../platform/memory-pixels.ts';
import { DECODER_VERSION, decodeImage, readImageFile } from '../../platform/node/images/decode.ts';
import { decodeUnusual } from '../../platform/node/images/unusual.ts';
import { notFound } from '../respond.ts';
import type { SplitView } from './split-view.ts';

/** What browsers show as it is, the camera's orientation included. */
const SHOWN: Readonly<Partial<Record<ImageFormat, string>>> = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
  WebP: 'image/webp',
  AVIF: 'image/avif',
  GIF: 'image/gif',
};
const MAX_PIXELS = 0x3fff ** 2;
/** Photos that are in memory in their own size at the same time. */
const READ_TOGETHER = 8;

/** An image in its own size and shape. */
export interface Photo {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Whether the images of a data set are files of their own, which can be shown as they are. */
export function hasPhotos(dataset: Dataset): boolean {
  if (dataset.size === 0) return false;
  const path = dataset.file?.(0);
  return path !== undefined && existsSync(path);
}

/** What the file of an image is known by. @throws HarrierError `not-found` */
export async function photoTag(view: SplitView, index: number): Promise<string> {
  const info = await stat(fileOf(view, index)).catch(() => notFound('file', view.source(index)));
  return `photo-${DECODER_VERSION}-${info.size.toString(16)}-${Math.round(info.mtimeMs).toString(16)}`;
}

/**
 * The file of an image as it is, where browsers show what a model sees, else as a PNG of the same size: they do not know
 * its format, or how its samples are meant, or would show the page through its transparent parts.
 * @throws HarrierError `not-found`, or as `decodeImage` where it cannot be read
 */
export async function photo(view: SplitView, index: number): Promise<Photo> {
  const path = fileOf(view, index);
  const bytes = await readImageFile(path);
  const format = imageFormatOf(bytes);
  const type = format && SHOWN[format];
  const raw = await decodeUnusual(bytes, path, MAX_PIXELS);
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  if (type !== undefined && !raw && !header?.hasAlpha) return { type, bytes: new Uint8Array(bytes) };
  const png = onWhite(bytes, raw).toColourspace('srgb').png();
  return { type: 'image/png', bytes: new Uint8Array(await png.toBuffer()) };
}

/** An image upright, transparent parts in the colour that a model sees. */
function onWhite(bytes: Uint8Array, raw: RawImage | undefined): Sharp {
  const image = raw ? sharp(raw.data, { raw }) : sharp(bytes, { limitInputPixels: MAX_PIXELS }).autoOrient();
  return image.flatten({ background: '#ffffff' });
}

/** An image in its own shape, on white, made small: a WebP. @param side the longer side, in pixels */
export async function thumbnail(
  view: SplitView,
  index: number,
  side: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = fileOf(view, index);
  const bytes = await readImageFile(path);
  const raw = await decodeUnusual(bytes, path, MAX_PIXELS);
  const small = onWhite(bytes, raw)
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb');
  return new Uint8Array(await small.webp({ quality: 85, effort: 1 }).toBuffer());
}

/** An image as a model takes it, as a PNG: cut and shrunk in the model's way. */
export async function seenBy(
  view: SplitView,
  index: number,
  shape: ImageInput,
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width } = shape;
  const png = sharp(await pixelsSeenBy(view, [index], shape), { raw: { height, width, channels: 3 } });
  return new Uint8Array(await png.png({ compressionLevel: 6 }).toBuffer());
}

/**
 * Images as a model takes them: uint8 `[images, height, width, 3]`. Photos are read in their own size; of images that
 * the data set has in one size only, that one is scaled.
 *
 * @throws HarrierError `not-found`, or as `decodeImage` where one cannot be read
 */
export async function pixelsSeenBy(
  view: SplitView,
  indices: readonly number[],
  shape: ImageInput,
): Promise<Uint8Array<ArrayBuffer>> {
  const own = view.dataset.imageShape;
  const photos = hasPhotos(view.dataset);
  if (!photos && own.height === shape.height && own.width === shape.width) return view.pixels(indices);
  const bytes = imageBytes(shape);
  const out = new Uint8Array(indices.length * bytes);
  for (let start = 0; start < indices.length; start += READ_TOGETHER) {
    const part = indices.slice(start, start + READ_TOGETHER);
    const images = await Promise.all(
      part.map(async (index) =>
        photos
          ? await decodeImage(fileOf(view, index), shape)
          : shapedPixels({ data: view.pixels([index]), ...own }, shape, view.source(index)),
      ),
    );
    for (const [i, image] of images.entries()) out.set(image, (start + i) * bytes);
  }
  return out;
}

function fileOf(view: SplitView, index: number): string {
  return view.dataset.file?.(index) ?? notFound('file', view.source(index));
}
