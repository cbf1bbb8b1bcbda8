import sharp from 'sharp';
import { type Dataset, imageBytes } from '../../data/dataset.ts';
import type { OnProgress } from '../../data/progress.ts';
import { imageFileSize } from '../../platform/node/images/image-file-size.ts';

/** Headers that are read at once. */
const AT_ONCE = 8;
/** Small ones are shown as they are, larger ones shrunk to that. */
const THUMBNAIL = 160;

/** The shorter side of the image in every file, in pixels; undefined where an image is in no file of its own. */
export async function shorterSides(
  datasets: readonly Dataset[],
  onProgress: OnProgress,
): Promise<(number | undefined)[]> {
  const files = datasets.flatMap((dataset) => Array.from(dataset.labels, (_, i) => dataset.file?.(i)));
  const sides: (number | undefined)[] = [];
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const some = files.slice(start, start + AT_ONCE).map(async (file) => {
      const size = file === undefined ? undefined : await imageFileSize(file);
      return size && Math.min(size.width, size.height);
    });
    sides.push(...(await Promise.all(some)));
    onProgress({ what: 'reading sizes', done: sides.length, total: files.length, unit: 'files' });
  }
  return sides;
}

/** Some images as data URIs for a page, by their places among all images. */
export async function thumbnails(
  datasets: readonly Dataset[],
  images: readonly number[],
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const image of images) {
    let index = image;
    const dataset = datasets.find(({ size }) => {
      if (index < size) return true;
      index -= size;
      return false;
    })!;
    const { height, width } = dataset.imageShape;
    const pixels = new Uint8Array(imageBytes(dataset.imageShape));
    dataset.gather([index], pixels);
    const whole = sharp(pixels, { raw: { height, width, channels: 3 } });
    const isSmall = Math.max(height, width) <= 64;
    const bytes = isSmall
      ? await whole.png().toBuffer()
      : await whole.resize(THUMBNAIL, THUMBNAIL, { fit: 'inside' }).jpeg({ quality: 80 }).toBuffer();
    found.set(image, `data:image/${isSmall ? 'png' : 'jpeg'};base64,${bytes.toString('base64')}`);
  }
  return found;
}
