/** What a TIFF's first directory says of its samples (TIFF 6.0, §2, §18 and §23). */
export interface TiffKind {
  readonly bits: number;
  readonly samples: number;
  /** 5: CMYK; 8: CIELAB; 9: CIELAB with unsigned a and b. */
  readonly photometric: number;
  /** What the first sample behind the colours is. 0: unspecified, such as infrared; 1 and 2: opacity. */
  readonly extra?: number;
  /** Where `photometric` is stored, in bytes from the beginning. */
  readonly at: number;
  readonly littleEndian: boolean;
}

const BITS = 258;
const PHOTOMETRIC = 262;
const SAMPLES = 277;
const EXTRA_SAMPLES = 338;
const SHORT = 3;
/** The number behind the byte order: of TIFF it is 42. */
const BIG = 43;

/** Undefined where the directory cannot be read. */
export function tiffKind(bytes: Uint8Array): TiffKind | undefined {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = bytes[0] === 0x49;
  const short = (at: number) => data.getUint16(at, littleEndian);
  const isBig = bytes[littleEndian ? 2 : 3] === BIG;
  /** Counts and places: 4 bytes, in a BigTIFF 8. */
  const wide = isBig ? 8 : 4;
  const whole = (at: number) =>
    isBig ? Number(data.getBigUint64(at, littleEndian)) : data.getUint32(at, littleEndian);
  try {
    const directory = whole(wide);
    const first = directory + (isBig ? 8 : 2);
    const entries = isBig ? whole(directory) : short(directory);
    let [bits, samples, photometric, at] = [1, 1, -1, -1];
    let extra: number | undefined;
    for (let i = 0; i < entries; i++) {
      const entry = first + (4 + 2 * wide) * i;
      const [tag, type, count] = [short(entry), short(entry + 2), whole(entry + 4)];
      if (type !== SHORT) continue;
      // Values that do not fit lie elsewhere.
      const value = entry + 4 + wide;
      const place = 2 * count > wide ? whole(value) : value;
      if (tag === BITS) bits = short(place);
      if (tag === SAMPLES) samples = short(place);
      if (tag === PHOTOMETRIC) [photometric, at] = [short(place), place];
      if (tag === EXTRA_SAMPLES) extra = short(place);
    }
    return photometric < 0 ? undefined : { bits, samples, photometric, extra, at, littleEndian };
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
