import sharp from 'sharp';
import type { RawImage } from '../../../data/bmp.ts';
import { checkPixels } from '../../../data/pixel-limit.ts';
import { rgbTiff } from './rgb-tiff.ts';

/** The package that decodes HEVC, which libvips comes without. */
export const HEIC_PACKAGE: string = 'heic-decode';

type Decode = (photo: { readonly buffer: Uint8Array }) => Promise<{
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly data: Uint8ClampedArray;
}>;

let loading: Promise<Decode | undefined> | undefined;

/** Undefined where the package is not there. */
function decoder(): Promise<Decode | undefined> {
  // By a name in a variable, bundlers leave the package to the user.
  loading ??= (import(HEIC_PACKAGE) as Promise<{ readonly default: Decode }>).then(
    (module) => module.default,
    () => undefined,
  );
  return loading;
}

/** Whether HEIC photos can be read here. */
export async function readsHeic(): Promise<boolean> {
  return (await decoder()) !== undefined;
}

/** What the package prints of a damaged photo, which the error says. Standard output is for results. */
const NOISE = /^(Decoding image failed|Could not parse HEIF file)/;
let quiet = 0;
let print: typeof console.log;

/** Runs a decoding without what it prints; several may be under way. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  if (quiet++ === 0) {
    // biome-ignore lint/suspicious/noConsole: nothing is printed here, but something held back.
    print = console.log;
    console.log = (...words) => {
      if (!NOISE.test(String(words[0]))) print(...words);
    };
  }
  try {
    return await work();
  } finally {
    if (--quiet === 0) console.log = print;
  }
}

/** An image that is brought to two sizes, one after the other, is decoded once. */
const decoded = new WeakMap<Uint8Array, Promise<RawImage>>();

/**
 * The pixels of a HEIC photo, upright and in sRGB; photos of phones bring a colour profile of their own.
 *
 * @returns undefined where the package that reads them is not installed
 * @throws HarrierError `too-large`; whatever the package throws for a damaged photo
 */
export async function decodeHeic(
  bytes: Uint8Array,
  where: string,
  maxPixels: number,
): Promise<RawImage | undefined> {
  const decode = await decoder();
  if (!decode) return undefined;
  const header = await sharp(bytes, { limitInputPixels: false }).metadata();
  checkPixels(header, where, maxPixels);
  const known =
    decoded.get(bytes) ??
    quietly(() => decode({ buffer: bytes })).then((image) => pixelsOf(image, header.icc));
  decoded.set(bytes, known);
  return known;
}

/** Of pixels by themselves sharp knows no profile: they go in as the file that they would be in. */
async function pixelsOf(
  { width, height, data: rgba }: Awaited<ReturnType<Decode>>,
  profile: Uint8Array | undefined,
): Promise<RawImage> {
  const pixels = { width, height, channels: 4, data: new Uint8Array(rgba.buffer) } as const;
  if (!profile) return pixels;
  const data = await sharp(rgbTiff(pixels, profile), { limitInputPixels: false })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();
  return { ...pixels, data };
}
