import { extname } from 'node:path';

/** How the names of image files end. HEIC is among them: such a file is an image, though one that must be converted. */
const ENDINGS: ReadonlySet<string> = new Set([
  '.png',
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.jif',
  '.jfi',
  '.pjpeg',
  '.pjp',
  '.webp',
  '.avif',
  '.gif',
  '.tif',
  '.tiff',
  '.bmp',
  '.dib',
  '.heic',
  '.heif',
]);

/** Whether a file is called like an image. */
export function isImageName(name: string): boolean {
  return ENDINGS.has(extname(name).toLowerCase());
}
