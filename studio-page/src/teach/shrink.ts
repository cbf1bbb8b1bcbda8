import { decodeImage } from 'harrier/web';

/** Longest side of the images that are kept: sharp as a thumbnail, and more than any model here looks at. */
const LONGEST = 256;
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
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    if (file.size <= SMALL_FILE && Math.max(bitmap.width, bitmap.height) <= LONGEST) return file;
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    const size = (side: number) => Math.max(1, Math.round(side * scale));
    const canvas = new OffscreenCanvas(size(bitmap.width), size(bitmap.height));
    const context = canvas.getContext('2d')!;
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
  } finally {
    bitmap.close();
  }
}
