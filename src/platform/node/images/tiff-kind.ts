/** What a TIFF's first directory says of its samples (TIFF 6.0, §2 and §23). */
export interface TiffKind {
  readonly bits: number;
  readonly samples: number;
  /** 8: CIELAB; 9: CIELAB with unsigned a and b. */
  readonly photometric: number;
  /** Where `photometric` is stored, in bytes from the beginning. */
  readonly at: number;
  readonly littleEndian: boolean;
}

const BITS = 258;
const PHOTOMETRIC = 262;
const SAMPLES = 277;
const SHORT = 3;

/** Undefined for a big TIFF, or one whose directory cannot be read. */
export function tiffKind(bytes: Uint8Array): TiffKind | undefined {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = bytes[0] === 0x49;
  const short = (at: number) => data.getUint16(at, littleEndian);
  const long = (at: number) => data.getUint32(at, littleEndian);
  try {
    if (short(2) !== 42) return undefined;
    const directory = long(4);
    let [bits, samples, photometric, at] = [1, 1, -1, -1];
    for (let i = 0; i < short(directory); i++) {
      const entry = directory + 2 + 12 * i;
      const [tag, type, count] = [short(entry), short(entry + 2), long(entry + 4)];
      if (type !== SHORT) continue;
      // More than two values lie elsewhere.
      const place = count > 2 ? long(entry + 8) : entry + 8;
      if (tag === BITS) bits = short(place);
      if (tag === SAMPLES) samples = short(place);
      if (tag === PHOTOMETRIC) [photometric, at] = [short(place), place];
    }
    return photometric < 0 ? undefined : { bits, samples, photometric, at, littleEndian };
  } catch {
    return undefined;
  }
}

/** The same file, with its samples declared to be red, green and blue, whatever they mean. */
export function asRgbTiff(bytes: Uint8Array, { at, littleEndian }: TiffKind): Uint8Array {
  const copy = Uint8Array.from(bytes);
  new DataView(copy.buffer).setUint16(at, 2, littleEndian);
  return copy;
}

/**
 * CIELAB under D50 as sRGB (ISO 11664-4; IEC 61966-2-1, through Bradford's adaptation to D65).
 * @param lightness 0–100
 */
export function labToRgb(lightness: number, a: number, b: number): [number, number, number] {
  const fy = (lightness + 16) / 116;
  const inverse = (t: number) => (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29));
  const x = 0.9642 * inverse(fy + a / 500);
  const y = inverse(fy);
  const z = 0.8249 * inverse(fy - b / 200);
  const linear = [
    3.1338561 * x - 1.6168667 * y - 0.4906146 * z,
    -0.9787684 * x + 1.9161415 * y + 0.033454 * z,
    0.0719453 * x - 0.2289914 * y + 1.4052427 * z,
  ];
  return linear.map((value) => {
    const v = Math.min(1, Math.max(0, value));
    return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
  }) as [number, number, number];
}
