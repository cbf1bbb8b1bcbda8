import { imageFormatOf } from 'harrier/src/data/image-bytes.ts';
import { withoutOrientation } from 'harrier/src/platform/web/webp-orientation.ts';
import { decodeImage } from 'harrier/web';

/** Shorter side of the images that are kept: a model of 224 pixels that crops to 87.5% scales it to 256. */
const SHORTER = 256;
/** Longer side of long and narrow images. */
const LONGER = 1024;
/** Smaller files are kept as they are. */
const SMALL_FILE = 64 * 1024;

/**
 * What to keep of an image: the file itself where it is small, else a smaller image.
 *
 * @throws HarrierError `bad-data` when it is no image or damaged, `too-large`, `storage` when it cannot be read
 */
export async function shrink(file: Blob, name: string): Promise<Blob> {
  // Says in plain words what is wrong with it, if anything is.
  await decodeImage(file, { height: 1, width: 1, channels: 3 }, name);
  // Browsers differ in whether they turn such a photo: kept whole, it is turned alike everywhere.
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (imageFormatOf(bytes) === 'WebP' && withoutOrientation(bytes)) return file;
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    const { width, height } = bitmap;
    const scale = Math.min(1, SHORTER / Math.min(width, height), LONGER / Math.max(width, height));
    if (file.size <= SMALL_FILE && scale === 1) return file;
    const size = (side: number) => Math.max(1, Math.round(side * scale));
    const canvas = new OffscreenCanvas(size(width), size(height));
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
  } finally {
    bitmap.close();
  }
}
