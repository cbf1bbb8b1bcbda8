import sharp from 'sharp';
import type { ImageShape } from '../../../data/dataset.ts';
import { HarrierError } from '../../../errors.ts';

/** Images in reports are shown small; forty large ones would make a page of many megabytes. */
const LARGEST_SIDE = 192;

/**
 * An image as a PNG data URI for a report. Images up to 192 pixels keep every pixel; larger ones are shrunk
 * to that, proportions kept.
 *
 * @param pixels uint8, rows × columns × channels, as `Dataset.gather` gives one image
 * @throws HarrierError `bad-shape` when there are not as many values as the shape says
 */
export async function imageDataUri(
  pixels: Uint8Array,
  { height, width, channels }: ImageShape,
): Promise<string> {
  if (pixels.length !== height * width * channels) {
    throw new HarrierError('bad-shape', 'the pixels of an image do not fit its shape', {
      expected: `${height} × ${width} × ${channels} values`,
      received: `${pixels.length}`,
    });
  }
  const raw = { height, width, channels: channels as 1 | 2 | 3 | 4 };
  let image = sharp(pixels, { raw });
  if (Math.max(height, width) > LARGEST_SIDE) {
    image = image.resize(LARGEST_SIDE, LARGEST_SIDE, { fit: 'inside' });
  }
  const png = await image.png({ compressionLevel: 9 }).toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
