import sharp from 'sharp';

/** libvips' readers of the formats that Harrier takes. The others (SVG, PDF, raw camera files, …) stay shut. */
const READERS = ['Png', 'Jpeg', 'Webp', 'Heif', 'Nsgif', 'Tiff'];

/** Sets libvips up, in the thread or process that decodes, for images of strangers. */
export function openReaders(): void {
  // One image after another never asks for the same twice; and batches, not single images, keep the cores busy.
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: READERS.map((reader) => `VipsForeignLoad${reader}`) });
}
