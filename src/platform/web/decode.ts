import type { ImageInput } from '../../data/dataset.ts';
import {
  describeBytes,
  HEIC_ADVICE,
  imageFormatOf,
  imageSizeOf,
  isCutOff,
  isHeic,
} from '../../data/image-bytes.ts';
import { checkPixels, MAX_PIXELS } from '../../data/pixel-limit.ts';
import type { ImageSize } from '../../data/scaling.ts';
import { HarrierError } from '../../errors.ts';
import { scalerFor } from '../resizer.ts';
import { liesOnSide, UPRIGHT, uprightMatrix, withoutOrientation } from './webp-orientation.ts';

const MAX_FILE_BYTES = 2 ** 28;
/** Pixels that are read at once. */
const STRIP_PIXELS = 2 ** 21;
const FORMAT_NAMES = 'PNG, JPEG, WebP, AVIF, GIF or BMP';

/** As `decodeImage` of deep-png.ts, but a PNG that uses 12 or 8 of its 16 bits is dark: `harrier/run` stays small. */
export async function decodeImage(
  source: Blob | Uint8Array<ArrayBuffer>,
  shape: ImageInput,
  where: string = source instanceof File ? source.name : 'image',
  maxPixels = MAX_PIXELS,
): Promise<Uint8Array<ArrayBuffer>> {
  if (shape.channels !== 3) {
    throw new HarrierError('not-supported', 'images have three channels', {
      where,
      expected: '3',
      received: `${shape.channels}`,
    });
  }
  const blob = source instanceof Blob ? source : new Blob([source]);
  if (blob.size > MAX_FILE_BYTES) {
    throw new HarrierError('too-large', 'the file is too large for an image', {
      where,
      expected: `at most ${MAX_FILE_BYTES / 2 ** 20} MiB`,
      received: `${Math.ceil(blob.size / 2 ** 20)} MiB`,
    });
  }
  const bytes = await bytesOf(source, where);
  checkBytes(bytes, where, maxPixels);
  const turned = imageFormatOf(bytes) === 'WebP' ? withoutOrientation(bytes) : undefined;
  const bitmap = await decode(turned ? new Blob([turned.bytes]) : blob, where);
  try {
    checkPixels(bitmap, where, maxPixels);
    return drawnPixels(bitmap, bitmap, shape, turned?.orientation);
  } finally {
    bitmap.close();
  }
}

async function bytesOf(source: Blob | Uint8Array, where: string): Promise<Uint8Array> {
  if (!(source instanceof Blob)) return source;
  try {
    return new Uint8Array(await source.arrayBuffer());
  } catch (cause) {
    throw new HarrierError('storage', 'the file cannot be read', {
      where,
      received: cause instanceof Error ? cause.message : String(cause),
      next: 'It may have been moved or changed since: choose it again.',
      cause,
    });
  }
}

function checkBytes(bytes: Uint8Array, where: string, maxPixels: number): void {
  if (imageFormatOf(bytes) === undefined) {
    throw new HarrierError('bad-data', 'not an image', {
      where,
      expected: FORMAT_NAMES,
      received: describeBytes(bytes),
      next: isHeic(bytes) ? HEIC_ADVICE : 'Choose another file.',
    });
  }
  const size = imageSizeOf(bytes);
  if (size) checkPixels(size, where, maxPixels);
  if (isCutOff(bytes)) throw damaged(where, 'it ends too early');
}

async function decode(blob: Blob, where: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob, { imageOrientation: 'from-image' });
  } catch (cause) {
    const format = imageFormatOf(new Uint8Array(await blob.slice(0, 32).arrayBuffer()));
    if (format === 'TIFF') {
      throw new HarrierError('not-supported', 'browsers do not read TIFF', {
        where,
        expected: FORMAT_NAMES,
        next: 'Save it in another format.',
        cause,
      });
    }
    throw damaged(where, cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause), cause);
  }
}

function damaged(where: string, why: string, cause?: unknown): HarrierError {
  return new HarrierError('bad-data', `the image is damaged or cut off (${why})`, {
    where,
    next: 'Choose another file.',
    cause,
  });
}

/**
 * Draws an image on white, strip after strip, and scales as it goes: a whole large image is never there twice.
 *
 * @param size of the image as it is drawn, in pixels
 * @param orientation EXIF's number of how it stands; by default upright
 */
export function drawnPixels(
  image: CanvasImageSource,
  size: ImageSize,
  shape: ImageInput,
  orientation = UPRIGHT,
): Uint8Array<ArrayBuffer> {
  const onSide = liesOnSide(orientation);
  const [width, height] = onSide ? [size.height, size.width] : [size.width, size.height];
  const strip = Math.max(1, Math.min(height, Math.floor(STRIP_PIXELS / width)));
  const canvas = new OffscreenCanvas(width, strip);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = '#ffffff';
  context.imageSmoothingEnabled = false;
  const [a, b, c, d, e, f] = uprightMatrix(orientation, size.width, size.height);
  const scaled = scalerFor({ width, height }, shape);
  for (let top = 0; top < height; top += strip) {
    const rows = Math.min(strip, height - top);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillRect(0, 0, width, strip);
    context.setTransform(a, b, c, d, e, f - top);
    context.drawImage(image, 0, 0, size.width, size.height);
    scaled.add(context.getImageData(0, 0, width, rows).data);
  }
  return scaled.finish();
}
