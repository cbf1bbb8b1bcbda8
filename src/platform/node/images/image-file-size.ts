import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { imageSizeOf } from '../../../data/image-bytes.ts';

/** Width and height of an image file as it is stored, from its header; undefined for a file that is no image. */
export async function imageFileSize(
  file: string,
): Promise<{ readonly width: number; readonly height: number } | undefined> {
  try {
    const { width, height } = await sharp(file, { limitInputPixels: false }).metadata();
    return { width, height };
  } catch {
    // Such as BMP, which libvips does not read.
    const bytes = await readFile(file).catch(() => undefined);
    return bytes && imageSizeOf(bytes);
  }
}
