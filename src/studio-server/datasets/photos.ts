import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import sharp from 'sharp';
import type { Dataset, ImageInput } from '../../data/dataset.ts';
import { type ImageFormat, imageFormatOf } from '../../data/image-bytes.ts';
import { decodeImage, readImageFile } from '../../platform/node/images/decode.ts';
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
  return `photo-${info.size.toString(16)}-${Math.round(info.mtimeMs).toString(16)}`;
}

/**
 * The file of an image as it is, where browsers show its format, else as a PNG of the same size.
 * @throws HarrierError `not-found`, or as `decodeImage` where it cannot be read
 */
export async function photo(view: SplitView, index: number): Promise<Photo> {
  const path = fileOf(view, index);
  const bytes = await readImageFile(path);
  const format = imageFormatOf(bytes);
  const type = format && SHOWN[format];
  if (type !== undefined) return { type, bytes: new Uint8Array(bytes) };
  const raw = await decodeUnusual(bytes, path, MAX_PIXELS);
  const image = raw ? sharp(raw.data, { raw }) : sharp(bytes, { limitInputPixels: MAX_PIXELS }).autoOrient();
  return { type: 'image/png', bytes: new Uint8Array(await image.toColourspace('srgb').png().toBuffer()) };
}

/** An image in its own shape, made small: a WebP. @param side the longer side, in pixels */
export async function thumbnail(
  view: SplitView,
  index: number,
  side: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = fileOf(view, index);
  const bytes = await readImageFile(path);
  const raw = await decodeUnusual(bytes, path, MAX_PIXELS);
  const image = raw ? sharp(raw.data, { raw }) : sharp(bytes, { limitInputPixels: MAX_PIXELS }).autoOrient();
  const small = image.resize(side, side, { fit: 'inside', withoutEnlargement: true }).toColourspace('srgb');
  return new Uint8Array(await small.webp({ quality: 85, effort: 1 }).toBuffer());
}

/** An image as a model takes it, as a PNG: cut and shrunk in the model's way. */
export async function seenBy(
  view: SplitView,
  index: number,
  shape: ImageInput,
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width } = shape;
  const own = view.dataset.imageShape;
  const isOwn = own.height === height && own.width === width;
  const pixels = hasPhotos(view.dataset)
    ? await decodeImage(fileOf(view, index), shape)
    : isOwn
      ? view.pixels([index])
      : notFound('file', view.source(index));
  const png = sharp(pixels, { raw: { height, width, channels: 3 } }).png({ compressionLevel: 6 });
  return new Uint8Array(await png.toBuffer());
}

function fileOf(view: SplitView, index: number): string {
  return view.dataset.file?.(index) ?? notFound('file', view.source(index));
}
