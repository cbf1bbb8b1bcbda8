import type { ImageInput } from '../../data/dataset.ts';
import { checkPixels, MAX_PIXELS } from '../../data/pixel-limit.ts';
import { HarrierError } from '../../errors.ts';
import type { Drawable, ImageSource, Pixels } from '../../run/types.ts';
import { isPixels, shapedPixels } from '../memory-pixels.ts';
import { decodeImage, drawnPixels } from './decode.ts';
import { fetchBytes } from './fetch-bytes.ts';

/**
 * Whatever a page has as an image, as a model takes it: uint8 `[height, width, 3]`.
 *
 * @param decode reads files: the `decodeImage` of decode.ts, or that of deep-png.ts
 * @param where what to call it in errors; by default what it is, or the name or address of the file
 * @throws HarrierError `bad-data` when it is no image, damaged or without pixels; `too-large`; `network` when its
 *   address gives nothing; `not-supported` for an image of another site; `bad-option` for anything else
 */
export async function pixelsOf(
  image: ImageSource,
  shape: ImageInput,
  decode: typeof decodeImage = decodeImage,
  where?: string,
  maxPixels = MAX_PIXELS,
): Promise<Uint8Array<ArrayBuffer>> {
  const read = (file: Blob | Uint8Array, name = where) =>
    decode(file as Blob | Uint8Array<ArrayBuffer>, shape, name, maxPixels);
  // Of an element, such as SVG's <image>, the address is not the image.
  const { href = image, width } = Object(image) as { readonly href?: unknown; readonly width?: unknown };
  if (width === undefined && typeof href === 'string') {
    const bytes = await fetchBytes(href, 'loading the image');
    return read(new Uint8Array(bytes), where ?? (href.startsWith('data:') ? 'image' : href));
  }
  if (image instanceof ArrayBuffer) return read(new Uint8Array(image));
  if (image instanceof Blob || image instanceof Uint8Array) return read(image);
  if (width === undefined) throw noImage(image, where);
  const shown = image as Pixels | Drawable;
  // The browser converts those of another colour space.
  return isPixels(shown) && (shown as Partial<ImageData>).colorSpace !== 'display-p3'
    ? shapedPixels(shown, shape, where ?? 'pixels')
    : drawn(shown, shape, where, maxPixels);
}

/**
 * The pixels of a canvas, a video or an `<img>`, each in its own size and not in that on the page: an `<img>` from a
 * `srcset` states a smaller one than its file has.
 */
async function drawn(
  image: Drawable,
  shape: ImageInput,
  name: string | undefined,
  maxPixels: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { naturalWidth, videoWidth } = image as Partial<HTMLImageElement & HTMLVideoElement>;
  const where = name ?? (naturalWidth !== undefined ? 'img' : videoWidth !== undefined ? 'video' : 'image');
  // An image that is on its way is waited for; one that fails has no pixels.
  if (naturalWidth !== undefined) await (image as HTMLImageElement).decode?.().catch(() => {});
  let bitmap: ImageBitmap | undefined;
  try {
    bitmap = await createImageBitmap(image as HTMLImageElement);
    checkPixels(bitmap, where, maxPixels);
    return drawnPixels(bitmap, bitmap, shape);
  } catch (cause) {
    if ((cause as Error).name === 'InvalidStateError') {
      throw new HarrierError('bad-data', 'this image has no pixels', {
        where,
        next: 'Wait until it has loaded, and check its address.',
        cause,
      });
    }
    if ((cause as Error).name === 'SecurityError') {
      throw new HarrierError(
        'not-supported',
        'the browser does not let the page read an image of another site',
        {
          where,
          next: 'Set its attribute crossorigin to "anonymous" before src; the other site must allow it (Access-Control-Allow-Origin).',
          cause,
        },
      );
    }
    if (cause instanceof TypeError) throw noImage(image, name, cause);
    throw cause;
  } finally {
    bitmap?.close();
  }
}

function noImage(image: unknown, where?: string, cause?: unknown): HarrierError {
  return new HarrierError('bad-option', 'this is not an image', {
    where,
    expected: 'an address, a File or Blob, bytes, pixels, or an element that can be drawn',
    received: image === null ? 'null' : typeof image === 'object' ? image.constructor?.name : typeof image,
    cause,
  });
}
