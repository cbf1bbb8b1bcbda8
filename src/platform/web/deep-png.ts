import type { ImageInput } from '../../data/dataset.ts';
import { imageFormatOf, textAt } from '../../data/image-bytes.ts';
import { MAX_PIXELS } from '../../data/pixel-limit.ts';
import { unfiltered } from '../../data/png-filters.ts';
import { colorsOf, samplesToBytes, usesAllBits } from '../../data/sample-range.ts';
import { shapedPixels } from '../memory-pixels.ts';
import { decodeImage as decodeInBrowser } from './decode.ts';

/** Bytes up to the interlacing of a PNG, which its header ends with. */
const HEADER_BYTES = 29;
/** Of colour types. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };
/** First column and row of each pass, and the steps to the next ones. */
const WHOLE = [[0, 0, 1, 1]];
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** As `decodeImage` of grey.ts, but of three channels alone, and for a source whose memory is not shared. */
export async function decodeImage(
  source: Blob | Uint8Array<ArrayBuffer>,
  shape: ImageInput,
  where?: string,
  maxPixels = MAX_PIXELS,
): Promise<Uint8Array<ArrayBuffer>> {
  const pixels = await decodeInBrowser(source, shape, where, maxPixels);
  const blob = source instanceof Blob ? source : new Blob([source]);
  const head = await bytesOf(blob.slice(0, HEADER_BYTES));
  if (imageFormatOf(head) !== 'PNG' || head[24] !== 16) return pixels;
  const samples = await deepSamples(await bytesOf(blob));
  if (!samples || usesAllBits(samples.values, samples.channels)) return pixels;
  // Browsers take 65,535 for white, whatever the image uses.
  const { width, height, channels, values } = samples;
  const { data } = colorsOf(samplesToBytes(values, channels, 'ushort'), channels);
  return shapedPixels({ data, width, height }, shape, where ?? 'image');
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** Samples as they are stored. */
export interface DeepSamples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** `[height, width, channels]`. */
  readonly values: Uint16Array;
}

/** The samples of a PNG of 16 bits (PNG specification, third edition, §7 to §11); undefined where it is damaged. */
export async function deepSamples(bytes: Uint8Array<ArrayBuffer>): Promise<DeepSamples | undefined> {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height, channels] = [data.getUint32(16), data.getUint32(20), CHANNELS[bytes[25]]];
  const rows = await inflated(bytes, data);
  if (!rows || channels === undefined) return undefined;
  const values = new Uint16Array(width * height * channels);
  let at = 0;
  for (const [left, top, across, down] of bytes[28] === 1 ? ADAM7 : WHOLE) {
    const [columns, lines] = [Math.ceil((width - left) / across), Math.ceil((height - top) / down)];
    if (columns < 1 || lines < 1) continue;
    const stride = 2 * channels * columns;
    const length = lines * (stride + 1);
    if (at + length > rows.length) return undefined;
    const pass = unfiltered(rows.subarray(at, at + length), stride, 2 * channels);
    if (!pass) return undefined;
    at += length;
    for (let y = 0, from = 0; y < lines; y++) {
      for (let x = 0; x < columns; x++) {
        const to = ((top + down * y) * width + left + across * x) * channels;
        for (let c = 0; c < channels; c++, from += 2) values[to + c] = (pass[from] << 8) | pass[from + 1];
      }
    }
  }
  return { width, height, channels, values };
}

async function inflated(
  bytes: Uint8Array<ArrayBuffer>,
  data: DataView,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + data.getUint32(at)) {
    if (textAt(bytes, at + 4, at + 8) === 'IDAT')
      parts.push(bytes.subarray(at + 8, at + 8 + data.getUint32(at)));
  }
  try {
    const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream('deflate'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    return undefined;
  }
}
