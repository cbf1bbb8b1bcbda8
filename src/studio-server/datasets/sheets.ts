import sharp from 'sharp';
import type { ImageShape } from '../../data/dataset.ts';
import type { SheetLayout } from '../api.ts';
import type { SplitView } from './split-view.ts';

const COLUMNS = 16;
/** Images of a sheet. */
export const PER_PAGE = 256;
/** Thumbnails of larger images are scaled down to this. */
const LARGEST_CELL = 96;
/** Bytes of finished sheets that are kept: all of CIFAR-10. */
const KEPT_BYTES = 96 * 2 ** 20;
const LARGEST_IMAGE = 1024;

export function sheetLayout({ height, width }: ImageShape): SheetLayout {
  return { cell: Math.min(LARGEST_CELL, Math.max(height, width)), columns: COLUMNS, perPage: PER_PAGE };
}

/** Draws sheets of thumbnails, and keeps those that were drawn last. */
export class SheetMaker {
  /** By what they are known by; the one that was asked for last is the last. */
  readonly #kept = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  /** @param etag of these images in this order */
  sheet(view: SplitView, indices: readonly number[], etag: string): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#kept.get(etag);
    const sheet = known ?? drawSheet(view, indices);
    this.#kept.delete(etag);
    this.#kept.set(etag, sheet);
    if (!known) {
      sheet.then(
        (bytes) => this.#keep(etag, bytes.length),
        () => this.#kept.delete(etag),
      );
    }
    return sheet;
  }

  #keep(etag: string, bytes: number): void {
    this.#sizes.set(etag, bytes);
    this.#bytes += bytes;
    for (const [oldest] of this.#kept) {
      if (this.#bytes <= KEPT_BYTES) break;
      if (oldest === etag) continue;
      this.#bytes -= this.#sizes.get(oldest) ?? 0;
      this.#sizes.delete(oldest);
      this.#kept.delete(oldest);
    }
  }
}

async function drawSheet(view: SplitView, indices: readonly number[]): Promise<Uint8Array<ArrayBuffer>> {
  const { imageShape } = view.dataset;
  const { cell } = sheetLayout(imageShape);
  const rows = Math.max(1, Math.ceil(indices.length / COLUMNS));
  const canvas = new Uint8Array(rows * COLUMNS * cell * cell * 3);
  const pixels = view.pixels(indices);
  const { height, width } = imageShape;
  const bytes = height * width * 3;
  const isCell = height === cell && width === cell;
  for (let i = 0; i < indices.length; i++) {
    const image = pixels.subarray(i * bytes, (i + 1) * bytes);
    const small = isCell ? image : await scaled(image, imageShape, cell);
    const left = (i % COLUMNS) * cell * 3;
    const top = Math.floor(i / COLUMNS) * cell;
    for (let y = 0; y < cell; y++) {
      const line = small.subarray(y * cell * 3, (y + 1) * cell * 3);
      canvas.set(line, (top + y) * COLUMNS * cell * 3 + left);
    }
  }
  const raw = { width: COLUMNS * cell, height: rows * cell, channels: 3 } as const;
  // Little effort: the network is short, and somebody is waiting.
  return bytesOf(await sharp(canvas, { raw }).webp({ quality: 90, effort: 0 }).toBuffer());
}

function scaled(image: Uint8Array, { height, width }: ImageShape, cell: number): Promise<Uint8Array> {
  return sharp(image, { raw: { width, height, channels: 3 } })
    .resize(cell, cell, { fit: 'contain', background: '#808080' })
    .raw()
    .toBuffer();
}

/** One image as a PNG with every pixel as it is, enlarged to squares of them or shrunk to `size`. */
export async function drawImage(
  view: SplitView,
  index: number,
  size?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { height, width } = view.dataset.imageShape;
  const image = sharp(view.pixels([index]), { raw: { width, height, channels: 3 } });
  if (size !== undefined && size !== Math.max(width, height)) {
    const side = Math.min(LARGEST_IMAGE, Math.max(1, size));
    const kernel = side > Math.max(width, height) ? 'nearest' : 'lanczos3';
    image.resize(side, side, { fit: 'inside', kernel });
  }
  return bytesOf(await image.png({ compressionLevel: 6 }).toBuffer());
}

function bytesOf(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}
