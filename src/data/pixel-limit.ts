import { HarrierError } from '../errors.ts';

/** The largest image that is decoded where nobody says: it takes a quarter of a gigabyte meanwhile. */
export const MAX_PIXELS = 2 ** 26;

/**
 * Refuses an image of more pixels than may be decoded, before it is.
 *
 * @param size in pixels
 * @param where the file, as errors name it
 * @throws HarrierError `too-large`
 */
export function checkPixels(
  { width, height }: { readonly width: number; readonly height: number },
  where: string,
  maxPixels: number,
): void {
  if (width * height <= maxPixels) return;
  throw new HarrierError('too-large', 'the image is too large', {
    where,
    expected: `at most ${maxPixels < 1e6 ? `${maxPixels} ` : `${Math.floor(maxPixels / 1e6)} mega`}pixels`,
    received: `${width} × ${height}`,
    next: 'Scale it down first.',
  });
}
