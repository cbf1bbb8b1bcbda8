import sharp from 'sharp';
import { readImageFile } from '../../platform/node/images/decode.ts';
import { decodeUnusual } from '../../platform/node/images/unusual.ts';
import { HttpError } from '../../server/problem.ts';

/** Longer sides of photos as pages show them. */
const [LARGEST, USUAL] = [2048, 1024];
/** What a photo may hold, as where features are computed. */
const MAX_PIXELS = 0x3fff ** 2;

/** The longer side that is asked for. @throws HttpError 400 for what is no number */
export function photoSide(text: string | undefined): number {
  if (text === undefined) return USUAL;
  if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Math.min(LARGEST, Number(text));
  throw new HttpError(400, 'bad-option', 'this size cannot be asked for', {
    where: 'size',
    expected: 'a whole number from 1',
    received: `"${text.slice(0, 20)}"`,
  });
}

/** A photo in its own shape, upright, on white, its longer side at most so long: the bytes of a WebP. */
export async function drawPhoto(path: string, side: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readImageFile(path);
  const raw = await decodeUnusual(bytes, path, MAX_PIXELS);
  const image = raw
    ? sharp(raw.data, { raw })
    : sharp(bytes, { limitInputPixels: MAX_PIXELS, sequentialRead: true, failOn: 'none' });
  const webp = await image
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .webp({ quality: 85, effort: 0 })
    .toBuffer();
  return new Uint8Array(webp.buffer as ArrayBuffer, webp.byteOffset, webp.byteLength);
}
