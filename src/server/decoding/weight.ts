import type { Metadata } from 'sharp';
import { imageFormatOf, imageSizeOf, textAt } from '../../data/image-bytes.ts';

/** Pixels of an image that is decoded in a worker, within some 100 ms. A JPEG is scaled down while it is decoded. */
const SMALL_PIXELS = 4e6;
const SMALL_JPEG_PIXELS = 12.5e6;

/** Bytes for a pixel of an AVIF file while it is decoded: with 8 bits a channel, and with more. */
const AVIF_BYTES = 20;
const DEEP_AVIF_BYTES = 28;
/** Bytes for a pixel of the most expensive format. */
export const MOST_PIXEL_BYTES = DEEP_AVIF_BYTES;

/**
 * Whether an image may take long to decode, or much memory: by what its first bytes say, which costs microseconds.
 * AVIF and TIFF always count as large, because their size stands in no fixed place.
 */
export function isLarge(bytes: Uint8Array): boolean {
  const size = imageSizeOf(bytes);
  if (size) {
    const most = imageFormatOf(bytes) === 'JPEG' ? SMALL_JPEG_PIXELS : SMALL_PIXELS;
    return size.width * size.height > most;
  }
  // What is no image at all is refused at once, by a worker.
  return textAt(bytes, 4, 8) === 'ftyp' || /^(II|MM)/.test(textAt(bytes, 0, 2));
}

const SAMPLE_BYTES: Readonly<Record<string, number>> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
  complex: 8,
  double: 8,
  dpcomplex: 16,
};

/** Bytes that decoding takes at most, by what the header says: the whole image twice, for it may have to be turned. */
export function bytesToDecode({ format, width, height, channels, depth }: Metadata): number {
  const sample = SAMPLE_BYTES[depth] ?? 8;
  const each = format === 'heif' ? (sample > 1 ? DEEP_AVIF_BYTES : AVIF_BYTES) : 2 * sample * channels + 4;
  return width * height * each;
}
