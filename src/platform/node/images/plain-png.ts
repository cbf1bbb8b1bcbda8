import { crc32, inflateSync } from 'node:zlib';
import type { ImageInput } from '../../../data/dataset.ts';
import { textAt } from '../../../data/image-bytes.ts';
import { keepsPixels } from '../../../data/placement.ts';
import { unfiltered } from '../../../data/png-filters.ts';

/** Above this, libvips is as fast, and its threads hold up nobody. */
const MOST_PIXELS = 128 ** 2;

/** Chunks that change no pixel. */
const HARMLESS: readonly string[] = ['IHDR', 'IDAT', 'IEND', 'sRGB', 'pHYs', 'tIME'];
const SIGNATURE = '\x89PNG\r\n\x1a\n';
/** IHDR's last five bytes by what they mean: 8 bits, colour type, deflate, adaptive filters, not interlaced. */
const CHANNELS_OF: Readonly<Record<string, number>> = { '8,0,0,0,0': 1, '8,2,0,0,0': 3 };

/**
 * The pixels of a small PNG that needs nothing done to it: 8-bit RGB or grey, of the wanted size, not interlaced, without
 * transparency, colour profile or orientation (PNG specification, third edition, §5, §9 and §11). To set up libvips
 * for a thumbnail takes many times as long as this.
 *
 * @returns uint8 of `shape`; undefined for every other file, damaged ones included: whoever asks has another way
 */
export function decodePlainPng(bytes: Uint8Array, shape: ImageInput): Uint8Array | undefined {
  const { height, width } = shape;
  if (shape.channels !== 3 || height * width > MOST_PIXELS || !keepsPixels(shape)) return undefined;
  if (textAt(bytes, 0, SIGNATURE.length) !== SIGNATURE) return undefined;
  const chunks = chunksOf(bytes);
  const [header] = chunks ?? [];
  if (!chunks || header?.type !== 'IHDR' || header.data.length !== 13) return undefined;
  const size = new DataView(header.data.buffer, header.data.byteOffset);
  const channels = CHANNELS_OF[header.data.subarray(8).join()];
  if (channels === undefined || size.getUint32(0) !== width || size.getUint32(4) !== height) return undefined;
  const rows = inflated(
    chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data),
    height * (1 + width * channels),
  );
  const pixels = rows && unfiltered(rows, width * channels, channels);
  return pixels && (channels === 1 ? repeated(pixels, 3) : pixels);
}

/** A grey image as one of several equal channels. */
export function repeated(grey: Uint8Array, channels: number): Uint8Array {
  const out = new Uint8Array(channels * grey.length);
  for (let i = 0; i < grey.length; i++) out.fill(grey[i], channels * i, channels * (i + 1));
  return out;
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** All chunks up to the last; undefined when one is damaged, missing or not harmless. */
function chunksOf(bytes: Uint8Array): Chunk[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    const type = textAt(bytes, at + 4, at + 8);
    if (end + 4 > bytes.length || !HARMLESS.includes(type)) return undefined;
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) return undefined;
    if (type === 'IEND') return chunks;
    chunks.push({ type, data: bytes.subarray(at + 8, end) });
    at = end + 4;
  }
  return undefined;
}

function inflated(parts: readonly Uint8Array[], length: number): Uint8Array | undefined {
  try {
    // One piece of memory of the right size, and room to find that there is no more.
    const options = { maxOutputLength: length, chunkSize: Math.max(64, length + 1) };
    const rows = inflateSync(parts.length === 1 ? parts[0] : Buffer.concat(parts), options);
    return rows.length === length ? rows : undefined;
  } catch {
    return undefined;
  }
}
