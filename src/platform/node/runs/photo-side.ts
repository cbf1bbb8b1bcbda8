import { isImageFolder } from '../datasets/data-kind.ts';
import type { ListImagesOptions } from '../datasets/list-images.ts';
import { typicalSide } from '../datasets/usual-size.ts';

/** Images with a longer side than this are photos: a network for small images would see too little of them. */
const LARGEST_SMALL = 64;

/** The recipe for photos where no pretrained network can be had. */
export const FROM_SCRATCH = 'quick';

/**
 * The longer side of the middle one of some photos by size; undefined for small images, and for other data.
 *
 * @throws HarrierError `network` when they cannot be fetched; the signal's reason when aborted
 */
export async function photoSide(data: string, options?: ListImagesOptions): Promise<number | undefined> {
  const side = (await isImageFolder(data)) ? await typicalSide(data, options) : undefined;
  return side !== undefined && side > LARGEST_SMALL ? side : undefined;
}
