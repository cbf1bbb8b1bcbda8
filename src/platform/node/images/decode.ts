import { lstat, open, stat } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { RawImage } from '../../../data/bmp.ts';
import { checkShape, type ImageInput, imageBytes } from '../../../data/dataset.ts';
import { describeBytes, HEIC_ADVICE, imageFormatOf, isCutOff, isHeic } from '../../../data/image-bytes.ts';
import { oneChannel } from '../../../data/luma.ts';
import { onWhite } from '../../../data/on-white.ts';
import { checkPixels } from '../../../data/pixel-limit.ts';
import { isStretched, STRETCHED } from '../../../data/preprocessing.ts';
import { HarrierError } from '../../../errors.ts';
import { resizer } from '../../resizer.ts';
import { readError } from '../files/read-error.ts';
import { HEIC_PACKAGE } from './heic.ts';
import { decodePlainPng, repeated } from './plain-png.ts';
import { decodeUnusual } from './unusual.ts';

/** Raised when the same file is decoded to other pixels: what is kept of files by their content names it too. */
export const DECODER_VERSION = 1;

/** Formats that are accepted, by sharp's names for them. */
const FORMATS: readonly string[] = ['png', 'jpeg', 'webp', 'heif', 'gif', 'tiff'];
const FORMAT_NAMES = 'PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP';

/** What is said of a photo that could be read with a further package. */
export const HEIC_UNREAD = 'this is a HEIC photo, which is not read';

/** 16,383 × 16,383: what larger an image claims to be is a mistake, or meant to exhaust memory. */
const MAX_PIXELS = 0x3fff ** 2;
const MAX_FILE_BYTES = 2 ** 30;

/**
 * Reads one image as a model takes it: uint8 `[height, width, channels]`, row-major, sRGB. For a network of grey images
 * (1 channel) it comes as its brightness.
 *
 * The camera's orientation (EXIF) is applied; grey, palette, 16-bit, float, CMYK and CIELAB images become 8-bit RGB
 * (for samples that are no bytes see `samplesToBytes`); transparent parts become white; of several frames or pages the
 * first counts. The image then comes to the shape as `shape.preprocessing` says, which the `imageShape` of a model
 * brings along. By default the whole image is scaled without regard to its aspect (as Keras's
 * `image_dataset_from_directory` does by default: no part of the image is lost), with Lanczos filtering over everything
 * that falls into a pixel. An image that has the shape already keeps its exact pixels, unless it is cropped. Training
 * folders and predictions go through this same function.
 *
 * @param source a file's path, or the bytes of one
 * @param shape of the pixels: `imageShape` of a `Classifier`, or one of your own
 * @param where what to call it in errors; by default the path
 * @param maxPixels the largest image, in pixels before scaling, that is decoded at all
 * @throws HarrierError `not-found` when there is no such file, `storage` when it cannot be read, `bad-data` when it is
 * not an image or damaged, `too-large`, `bad-option` for a shape that no image has
 */
export async function decodeImage(
  source: string | Uint8Array,
  shape: ImageInput,
  where: string = typeof source === 'string' ? source : 'image',
  maxPixels = MAX_PIXELS,
): Promise<Uint8Array> {
  checkShape('decodeImage', shape);
  if (shape.channels === 1) {
    return oneChannel(await decodeImage(source, { ...shape, channels: 3 }, where, maxPixels));
  }
  const bytes = typeof source === 'string' ? await readImageFile(source) : source;
  const plain = shape.height * shape.width <= maxPixels ? decodePlainPng(bytes, shape) : undefined;
  if (plain) return plain;
  const raw = await decodeUnusual(bytes, where, maxPixels);
  // Where the first bytes name the format, the header is read apart only to explain a refusal: it takes as long as a
  // small image itself.
  if (!raw && imageFormatOf(bytes) === undefined) await checkHeader(bytes, where, maxPixels);
  // Behind the scan, libjpeg takes zeros for pixels.
  if (imageFormatOf(bytes) === 'JPEG' && isCutOff(bytes))
    throw damaged(where, new Error('it ends too early'));
  const { height, width, channels } = shape;
  let data: Uint8Array;
  try {
    data = await scaled(raw ?? bytes, shape, maxPixels);
  } catch (cause) {
    await checkHeader(bytes, where, maxPixels);
    throw damaged(where, cause);
  }
  // A grey image stays one channel through sharp.
  if (channels === 3 && data.length === height * width) return repeated(data, channels);
  if (data.length !== imageBytes(shape)) {
    throw new HarrierError('not-supported', 'the image cannot be brought to the shape of the model', {
      where,
      expected: `${height} × ${width} × ${channels}`,
      received: `${height} × ${width} × ${data.length / (height * width)}`,
    });
  }
  return data;
}

/** libjpeg's word for data that end before the image does; it then shows grey, and counts that as no error. */
const ENDS_EARLY = /premature end/i;

/** The pixels in the model's size, with as many channels as the image has: one where it is grey. */
async function scaled(
  source: Uint8Array | RawImage,
  shape: ImageInput,
  maxPixels: number,
): Promise<Uint8Array> {
  const { preprocessing = STRETCHED } = shape;
  const open = (failOn: 'warning' | 'error') =>
    source instanceof Uint8Array
      ? sharp(source, { failOn, limitInputPixels: maxPixels, sequentialRead: true })
      : sharp(source.data, { raw: source });
  const decode = (failOn: 'warning' | 'error') => {
    const upright = open(failOn).autoOrient();
    return isStretched(preprocessing) ? stretched(upright, shape) : resized(upright, shape);
  };
  // Truncated and damaged data are errors; harmless oddities of a camera's JPEG are not.
  if (!(source instanceof Uint8Array) || imageFormatOf(source) !== 'JPEG') return decode('error');
  try {
    return await decode('warning');
  } catch (error) {
    if (ENDS_EARLY.test((error as Error).message)) throw error;
    return decode('error');
  }
}

function stretched(image: Sharp, { height, width }: ImageInput): Promise<Buffer> {
  return image
    .flatten({ background: '#ffffff' })
    .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();
}

/** Decoded whole: a JPEG that is scaled down while it is decoded comes out a few grey levels apart. */
async function resized(image: Sharp, shape: ImageInput): Promise<Uint8Array> {
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const isOpaque = info.channels % 2 === 1;
  const resizing = resizer(info, shape, isOpaque ? 3 : 4);
  resizing.add(isOpaque ? (info.channels === 1 ? repeated(data, 3) : data) : onWhite(data, info.channels));
  return resizing.finish();
}

/**
 * The bytes of a file that should be an image.
 *
 * @throws HarrierError `not-found`, `storage`, or `bad-data` when it is a folder or larger than a gigabyte
 */
export async function readImageFile(path: string): Promise<Buffer> {
  try {
    // Before it is opened: to open a pipe is to wait for its writer.
    const kind = await stat(path).catch(async (error) => {
      const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink();
      if (!isLink) throw error;
      throw new HarrierError('not-found', 'this link leads nowhere', {
        where: path,
        expected: 'an image file',
        next: 'Replace or remove the link.',
        cause: error,
      });
    });
    if (!kind.isFile() && !kind.isDirectory()) {
      throw new HarrierError('bad-data', 'this is a pipe or a device', {
        where: path,
        expected: 'an image file',
      });
    }
    const file = await open(path, 'r');
    try {
      const { size } = kind;
      if (kind.isDirectory()) {
        throw new HarrierError('bad-data', 'this is a folder', { where: path, expected: 'an image file' });
      }
      if (size > MAX_FILE_BYTES) {
        throw new HarrierError('bad-data', 'the file is too large for an image', {
          where: path,
          expected: 'at most 1 GiB',
          received: `${(size / 2 ** 30).toFixed(1)} GiB`,
        });
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(error, path, 'file');
  }
}

async function readHeader(bytes: Uint8Array) {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch {
    return undefined;
  }
}

/** What the file is and how large it claims to be, before anything is decoded. */
async function checkHeader(bytes: Uint8Array, where: string, maxPixels: number): Promise<void> {
  if (isHeic(bytes)) {
    throw new HarrierError('bad-data', HEIC_UNREAD, {
      where,
      expected: FORMAT_NAMES,
      next: `Install what reads it: npm install ${HEIC_PACKAGE}. Or: ${HEIC_ADVICE}`,
    });
  }
  const header = await readHeader(bytes);
  const signature = header ? undefined : imageFormatOf(bytes);
  if (signature !== undefined) throw damaged(where, new Error(`its beginning says ${signature}`));
  if (header === undefined || !FORMATS.includes(header.format)) {
    throw new HarrierError('bad-data', 'not an image', {
      where,
      expected: FORMAT_NAMES,
      received: header?.format ?? describeBytes(bytes),
      next: 'Replace or remove the file.',
    });
  }
  checkPixels({ width: header.width, height: header.height }, where, maxPixels);
}

function damaged(where: string, cause: unknown): HarrierError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HarrierError('bad-data', `the image is damaged or cut off (${message.split('\n')[0]})`, {
    where,
    next: 'Replace the file by a whole one.',
    cause,
  });
}
