import sharp, { type Metadata } from 'sharp';
import { bmpSize, decodeBmp, isBmp, type RawImage } from '../../../data/bmp.ts';
import { imageFormatOf, isHeic } from '../../../data/image-bytes.ts';
import { checkPixels } from '../../../data/pixel-limit.ts';
import { colorsOf, samplesToBytes, usesAllBits } from '../../../data/sample-range.ts';
import { HarrierError } from '../../../errors.ts';
import { decodeHeic } from './heic.ts';
import { asRgbTiff, labToRgb, type TiffKind, tiffKind } from './tiff-kind.ts';

/** Photometric interpretations of TIFF. */
const [GREY, CMYK] = [1, 5];
/** Images of other samples than bytes are held whole, four bytes a sample. */
const MAX_PIXELS = 2 ** 25;

/**
 * The pixels of an image that libvips does not read, or would read to other values: BMP, HEIC, samples that are no bytes
 * (see `samplesToBytes`), 16 bits with a colour profile, CIELAB, a fourth channel that is no opacity, more than four
 * channels. Its orientation is applied already.
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
  if (isHeic(bytes)) {
    try {
      return await decodeHeic(bytes, where, maxPixels);
    } catch (cause) {
      throw cause instanceof HarrierError ? cause : damaged(where, cause);
    }
  }
  const format = imageFormatOf(bytes);
  if (format !== 'TIFF' && format !== 'AVIF' && !(format === 'PNG' && bytes[24] === 16)) return undefined;
  const kind = format === 'TIFF' ? tiffKind(bytes) : undefined;
  if (kind && kind.bits > 32) {
    throw unreadable('this kind of TIFF is not read', `${kind.bits} bits a sample`, where);
  }
  if (kind?.photometric === CMYK) {
    if (kind.samples <= 4) return undefined;
    throw unreadable('this kind of TIFF is not read', `CMYK with ${kind.samples} samples`, where);
  }
  if (kind && (kind.photometric === 8 || kind.photometric === 9))
    return decodeLab(bytes, kind, where, maxPixels);
  // Several bands are often declared to be a grey one and others.
  const isBands = kind !== undefined && kind.photometric === GREY && kind.samples > 2;
  const source = isBands ? asRgbTiff(bytes, kind) : bytes;
  const header = await sharp(source, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  if (!header) return undefined;
  const { depth, space, hasProfile } = header;
  // libvips takes every second and fourth channel for opacity.
  const isOpaque = kind?.extra === 0 && (header.channels === 2 || header.channels === 4);
  const isUsual = header.channels <= 4 && !isBands;
  const usual = () =>
    isOpaque || (space === 'rgb16' && hasProfile)
      ? inSrgb(bytes, header, where, maxPixels, isOpaque)
      : undefined;
  if (format === 'AVIF' || (depth === 'uchar' && isUsual)) return usual();
  const { width, height, channels, values } = await samplesOf(source, header, where, maxPixels);
  // 16 bits that are used have a way of their own, with their colour profile.
  if (depth === 'ushort' && isUsual && usesAllBits(values, channels)) return usual();
  const converted = depth === 'uchar' ? Uint8Array.from(values) : samplesToBytes(values, channels, depth);
  return { width, height, ...colorsOf(converted, channels, isOpaque) };
}

/** The image by its colour profile. libvips brings 16 bits with one to Display P3, unless they are bytes before. */
async function inSrgb(
  bytes: Uint8Array,
  header: Metadata,
  where: string,
  maxPixels: number,
  isOpaque: boolean,
): Promise<RawImage> {
  checkPixels(header, where, maxPixels);
  try {
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: false }).autoOrient();
    if (header.space === 'rgb16') image.pipelineColourspace('srgb');
    const { data, info } = await image
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, ...colorsOf(data, info.channels, isOpaque) };
  } catch (cause) {
    throw damaged(where, cause);
  }
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
    throw damaged(where, cause);
  }
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

function damaged(where: string, cause: unknown): HarrierError {
  const why = (cause as Error).message.trim().split('\n')[0];
  return unreadable('the image is damaged or cut off', why, where, cause);
}

function unreadable(summary: string, why: string, where: string, cause?: unknown): HarrierError {
  return new HarrierError('bad-data', `${summary} (${why})`, {
    where,
    next: 'Replace the file by a whole one, or save it as PNG or JPEG first.',
    cause,
  });
}
