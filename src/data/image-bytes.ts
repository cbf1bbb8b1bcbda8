/** What the first bytes of an image file tell, before anything is decoded. */
import { bmpSize, isBmp } from './bmp.ts';

export type ImageFormat = 'PNG' | 'JPEG' | 'WebP' | 'AVIF' | 'GIF' | 'TIFF' | 'BMP';

/** The format that a file's first bytes announce; undefined when it is none of images. */
export function imageFormatOf(bytes: Uint8Array): ImageFormat | undefined {
  // As numbers: letters beyond ASCII change where a page states no encoding for a script.
  const begins = (...start: number[]) => start.every((byte, i) => bytes[i] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47)) return 'PNG';
  if (begins(0xff, 0xd8, 0xff)) return 'JPEG';
  const text = textAt(bytes, 0, 12);
  if (text.startsWith('GIF8')) return 'GIF';
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'WebP';
  // With +, a BigTIFF.
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return 'TIFF';
  if (isBmp(bytes)) return 'BMP';
  return brandsOf(bytes).some((brand) => brand === 'avif' || brand === 'avis') ? 'AVIF' : undefined;
}

/** Photos of iPhones and some cameras: HEVC in the container that AVIF has too. */
const HEIC_BRANDS: readonly string[] = [
  'heic',
  'heix',
  'heim',
  'heis',
  'hevc',
  'hevx',
  'hevm',
  'hevs',
  'mif1',
  'msf1',
];

/** Whether a file is a HEIC photo, whatever it is called. */
export function isHeic(bytes: Uint8Array): boolean {
  const brands = brandsOf(bytes);
  return (
    !brands.includes('avif') &&
    !brands.includes('avis') &&
    HEIC_BRANDS.some((brand) => brands.includes(brand))
  );
}

/** What to do about a HEIC photo. */
export const HEIC_ADVICE =
  'Save it as JPEG first (heif-convert photo.heic photo.jpg; on a Mac: sips -s format jpeg photo.heic --out photo.jpg), or set the camera to JPEG ("Most Compatible").';

/** The brands that a file in ISO's media format names, the main one first (ISO/IEC 14496-12, §4.3). */
function brandsOf(bytes: Uint8Array): string[] {
  if (bytes.length < 16 || textAt(bytes, 4, 8) !== 'ftyp') return [];
  const end = Math.min(view(bytes).getUint32(0), bytes.length, 512);
  const brands = [textAt(bytes, 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(textAt(bytes, at, at + 4));
  return brands;
}

/** What a file that is no image seems to be. */
export function describeBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const start = bytes.subarray(0, 24);
  const text = textAt(bytes, 0, 12);
  if (isHeic(bytes)) return 'a HEIC photo';
  if (/^....ftyp/s.test(text)) return 'a video (MP4 or QuickTime)';
  if (text.startsWith('\x1a\x45\xdf\xa3')) return 'a video (WebM or Matroska)';
  if (/^RIFF....AVI /s.test(text)) return 'a video (AVI)';
  if (text.startsWith('%PDF')) return 'a PDF document';
  if (text.startsWith('PK\x03\x04')) return 'a ZIP archive';
  if (start.every((byte) => byte >= 9 && byte < 127)) {
    const words = textAt(start, 0, start.length).replace(/\s+/g, ' ').trim();
    return `text beginning "${words}${bytes.length > start.length ? '…' : ''}"`;
  }
  const hex = Array.from(start.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `bytes beginning ${hex}`;
}

/** Width and height that an image claims to have, before its orientation is applied; undefined where that is not easy to tell. */
export function imageSizeOf(
  bytes: Uint8Array,
): { readonly width: number; readonly height: number } | undefined {
  const data = view(bytes);
  try {
    switch (imageFormatOf(bytes)) {
      case 'PNG':
        return { width: data.getUint32(16), height: data.getUint32(20) };
      case 'GIF':
        return { width: data.getUint16(6, true), height: data.getUint16(8, true) };
      case 'WebP':
        return webpSize(bytes, data);
      case 'JPEG':
        return jpegSize(data);
      case 'BMP':
        return bmpSize(bytes);
      default:
        return undefined;
    }
  } catch {
    // It ends before its size: decoding will say so.
    return undefined;
  }
}

/**
 * Whether an image ends before its end. Browsers show the part of such an image that there is, and say nothing.
 */
export function isCutOff(bytes: Uint8Array): boolean {
  const data = view(bytes);
  switch (imageFormatOf(bytes)) {
    case 'PNG':
      return !endsAsPng(bytes, data);
    case 'JPEG':
      return !endsAsJpeg(bytes, data);
    case 'WebP':
      return data.getUint32(4, true) + 8 > bytes.length;
    default:
      return false;
  }
}

function webpSize(bytes: Uint8Array, data: DataView) {
  const three = (at: number) =>
    data.getUint8(at) | (data.getUint8(at + 1) << 8) | (data.getUint8(at + 2) << 16);
  switch (textAt(bytes, 12, 16)) {
    case 'VP8X':
      return { width: 1 + three(24), height: 1 + three(27) };
    case 'VP8L': {
      const bits = data.getUint32(21, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    default:
      return { width: data.getUint16(26, true) & 0x3fff, height: data.getUint16(28, true) & 0x3fff };
  }
}

/** Start-of-frame markers carry the size; of their range, C4, C8 and CC mean other things. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
const SCAN = 0xda;
const END = 0xd9;

/** Where the segment of the first marker that is looked for begins, behind the marker; undefined when there is none. */
function jpegSegment(data: DataView, wanted: (marker: number) => boolean): number | undefined {
  for (let at = 2; at + 4 <= data.byteLength; ) {
    const marker = data.getUint8(at + 1);
    const isMarker = data.getUint8(at) === 0xff && marker !== 0;
    if (isMarker && wanted(marker)) return at + 2;
    // Fill bytes, stray ones, which decoders skip, and markers that stand alone.
    if (!isMarker || marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else at += 2 + data.getUint16(at + 2);
  }
  return undefined;
}

function jpegSize(data: DataView) {
  const at = jpegSegment(data, isFrame);
  return at === undefined ? undefined : { width: data.getUint16(at + 5), height: data.getUint16(at + 3) };
}

/** Its end marker comes somewhere behind the first scan: cameras append more, and previews before have their own. */
function endsAsJpeg(bytes: Uint8Array, data: DataView): boolean {
  const scan = jpegSegment(data, (marker) => marker === SCAN);
  if (scan === undefined) return false;
  for (let at = bytes.indexOf(0xff, scan); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === END) return true;
  }
  return false;
}

function endsAsPng(bytes: Uint8Array, data: DataView): boolean {
  for (let at = 8; at + 12 <= bytes.length; at += 12 + data.getUint32(at)) {
    if (textAt(bytes, at + 4, at + 8) === 'IEND') return true;
  }
  return false;
}

/** Some bytes as Latin-1 text. */
export function textAt(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
