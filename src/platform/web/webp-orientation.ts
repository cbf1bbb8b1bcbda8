import { textAt } from '../../data/image-bytes.ts';

/** EXIF's tag of the orientation (Exif 2.32, §4.6.4), its values 1 to 8, and the one of an image that stands upright. */
const ORIENTATION = 0x0112;
export const UPRIGHT = 1;
/** The bit of the extended header that announces EXIF (WebP Container Specification). */
const HAS_EXIF = 0x08;

/** A WebP image without its EXIF data, and the orientation that they stated. */
export interface BareWebp {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly orientation: number;
}

/**
 * Browsers differ in whether they turn a WebP image as its EXIF data say. Without these none does, and it can be turned
 * as they said.
 *
 * @returns undefined for a WebP image that stands upright, or whose EXIF data cannot be read
 */
export function withoutOrientation(bytes: Uint8Array): BareWebp | undefined {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = data.getUint32(at + 4, true);
    const next = at + 8 + size + (size % 2);
    if (textAt(bytes, at, at + 4) === 'EXIF') {
      const orientation = orientationOf(bytes.subarray(at + 8, at + 8 + size));
      if (orientation === UPRIGHT) return undefined;
      const bare = new Uint8Array(bytes.length - (Math.min(next, bytes.length) - at));
      bare.set(bytes.subarray(0, at));
      bare.set(bytes.subarray(next), at);
      new DataView(bare.buffer).setUint32(4, bare.length - 8, true);
      if (textAt(bare, 12, 16) === 'VP8X') bare[20] &= ~HAS_EXIF;
      return { bytes: bare, orientation };
    }
    at = next;
  }
  return undefined;
}

/** The orientation in the first directory of EXIF data, which are a TIFF without an image. */
function orientationOf(exif: Uint8Array): number {
  const tiff = textAt(exif, 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif;
  const data = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  try {
    const littleEndian = data.getUint16(0) === 0x4949;
    const directory = data.getUint32(4, littleEndian);
    for (let i = 0; i < data.getUint16(directory, littleEndian); i++) {
      const entry = directory + 2 + 12 * i;
      if (data.getUint16(entry, littleEndian) !== ORIENTATION) continue;
      const value = data.getUint16(entry + 8, littleEndian);
      return value >= 1 && value <= 8 ? value : UPRIGHT;
    }
  } catch {
    // Cut off: as cameras that write no orientation.
  }
  return UPRIGHT;
}

/** The matrix, as a canvas takes it, that sets an image of some orientation upright. */
export function uprightMatrix(
  orientation: number,
  width: number,
  height: number,
): [number, number, number, number, number, number] {
  switch (orientation) {
    case 2:
      return [-1, 0, 0, 1, width, 0];
    case 3:
      return [-1, 0, 0, -1, width, height];
    case 4:
      return [1, 0, 0, -1, 0, height];
    case 5:
      return [0, 1, 1, 0, 0, 0];
    case 6:
      return [0, 1, -1, 0, height, 0];
    case 7:
      return [0, -1, -1, 0, height, width];
    case 8:
      return [0, -1, 1, 0, 0, width];
    default:
      return [1, 0, 0, 1, 0, 0];
  }
}

/** Whether width and height change places when an image is set upright. */
export function liesOnSide(orientation: number): boolean {
  return orientation >= 5;
}
