import sharp from 'sharp';
import { bmpSize, decodeBmp, isBmp, type RawImage } from '../../../data/bmp.ts';
import { imageFormatOf } from '../../../data/image-bytes.ts';
import { checkPixels } from '../../../data/pixel-limit.ts';
import { samplesToBytes } from '../../../data/sample-range.ts';
import { HarrierError } from '../../../errors.ts';
import { asRgbTiff, labToRgb, type TiffKind, tiffKind } from './tiff-kind.ts';

/** Images of other samples than bytes are held whole, four bytes a sample. */
const MAX_PIXELS = 2 ** 25;

/**
 * The pixels of an image that libvips does not read, or would read to other values: BMP, samples that are no bytes
 * (see `samplesToBytes`), CIELAB, more than four channels. Its orientation is applied already.
 *
 * @returns undefined for any other image
 * @throws HarrierError `bad-data` when it is damaged or of a kind that cannot be read; `too-large`
 */
export async function decodeUnusual(
  bytes: Uint8Array,
  where: string,
  maxPixels: number,
): Promise<RawImage | undefined> {
  if (isBmp(bytes)) {
    checkPixels(bmpSize(bytes), where, maxPixels);
    try {
      return decodeBmp(bytes);
    } catch (cause) {
      throw unreadable('the BMP image cannot be read', (cause as Error).message, where, cause);
    }
  }
  const format = imageFormatOf(bytes);
  if (format !== 'TIFF' && !(format === 'PNG' && bytes[24] === 16)) return undefined;
  const kind = format === 'TIFF' ? tiffKind(bytes) : undefined;
  if (kind && kind.bits > 32) {
    throw unreadable('this kind of TIFF is not read', `${kind.bits} bits a sample`, where);
  }
  if (kind && (kind.photometric === 8 || kind.photometric === 9))
    return decodeLab(bytes, kind, where, maxPixels);
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  if (!header || (header.depth === 'uchar' && header.channels <= 4)) return undefined;
  const samples = await samplesOf(bytes, header, where, maxPixels);
  const { width, height, channels, values } = samples;
  // 16 bits that are used have a way of their own, with their colour profile.
  if (header.depth === 'ushort' && channels <= 4 && largestColor(values, channels) > 4095) return undefined;
  const converted =
    header.depth === 'uchar' ? Uint8Array.from(values) : samplesToBytes(values, channels, header.depth);
  return { width, height, ...colorsOf(converted, channels) };
}

interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly values: Float32Array;
}

/** Every sample as it is stored, in its own colour space. */
async function samplesOf(
  bytes: Uint8Array,
  { width, height, space }: { readonly width: number; readonly height: number; readonly space?: string },
  where: string,
  maxPixels: number,
): Promise<Samples> {
  const limitInputPixels = Math.min(maxPixels, MAX_PIXELS);
  checkPixels({ width, height }, where, limitInputPixels);
  try {
    const { data, info } = await sharp(bytes, {
      failOn: 'error',
      limitInputPixels,
      ignoreIcc: true,
    })
      .autoOrient()
      .pipelineColourspace(space as 'b-w')
      .toColourspace(space as 'b-w')
      .raw({ depth: 'float' })
      .toBuffer({ resolveWithObject: true });
    const values = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
    return { width: info.width, height: info.height, channels: info.channels, values };
  } catch (cause) {
    throw unreadable(
      'the image is damaged or cut off',
      (cause as Error).message.split('\n')[0],
      where,
      cause,
    );
  }
}

/** The first sample of each pixel as grey, or the first three as colours, with transparency where there is one. */
function colorsOf(data: Uint8Array, channels: number): { data: Uint8Array; channels: 3 | 4 } {
  if (channels === 3 || channels === 4) return { data, channels };
  const pixels = data.length / channels;
  const target = channels === 2 ? 4 : 3;
  const out = new Uint8Array(pixels * target);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < target; c++) {
      const from = channels > 4 ? c : c === 3 ? 1 : 0;
      out[target * i + c] = data[channels * i + from];
    }
  }
  return { data: out, channels: target };
}

async function decodeLab(
  bytes: Uint8Array,
  kind: TiffKind,
  where: string,
  maxPixels: number,
): Promise<RawImage> {
  const isWide = kind.bits === 16;
  const rgb = asRgbTiff(bytes, kind);
  const header = await sharp(rgb, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  if (!header || kind.samples < 3 || (kind.bits !== 8 && !isWide)) {
    throw unreadable(
      'this kind of TIFF is not read',
      `CIELAB with ${kind.samples} samples of ${kind.bits} bits`,
      where,
    );
  }
  const { width, height, channels, values } = await samplesOf(rgb, header, where, maxPixels);
  const [white, half, unit] = isWide ? [65_535, 32_768, 256] : [255, 128, 1];
  // Of photometric 8, a and b are signed; of 9, the middle means none.
  const chroma = (value: number) =>
    (kind.photometric === 9 ? value - half : value >= half ? value - 2 * half : value) / unit;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [lightness, a, b] = values.subarray(channels * i, channels * i + 3);
    data.set(labToRgb((100 * lightness) / white, chroma(a), chroma(b)), 3 * i);
  }
  return { width, height, channels: 3, data };
}

function largestColor(values: Float32Array, channels: number): number {
  const alpha = channels === 2 || channels === 4 ? channels - 1 : -1;
  let largest = 0;
  for (let i = 0; i < values.length; i++)
    if (i % channels !== alpha && values[i] > largest) largest = values[i];
  return largest;
}

function unreadable(summary: string, why: string, where: string, cause?: unknown): HarrierError {
  return new HarrierError('bad-data', `${summary} (${why})`, {
    where,
    next: 'Replace the file by a whole one, or save it as PNG or JPEG first.',
    cause,
  });
}
