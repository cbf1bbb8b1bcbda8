import sharp, { type OverlayOptions } from 'sharp';
import { type Dataset, type ImageShape, imageBytes } from '../../data/dataset.ts';

export interface PreviewOptions {
  /** Images per class, the first ones of each. */
  readonly perClass?: number;
  /** Classes shown, the first ones; a note names how many more there are. */
  readonly maxClasses?: number;
}

const CELL = 64;
const GAP = 6;
const MARGIN = 24;
const FONT = 16;
const INK = '#1f2933';
const FAINT = '#7b8794';

/**
 * A contact sheet: one row per class, its name at the left and its first images beside it.
 *
 * @returns the bytes of a PNG
 */
export async function previewImage(
  dataset: Dataset,
  { perClass = 10, maxClasses = 50 }: PreviewOptions = {},
): Promise<Buffer> {
  const rows = firstOfEachClass(dataset, perClass, maxClasses);
  const labels = dataset.classNames.slice(0, maxClasses).map((name) => shorten(name, 24));
  const textWidth = Math.ceil(Math.max(...labels.map((label) => label.length)) * FONT * 0.6);
  const left = MARGIN + textWidth + 2 * GAP;
  const top = MARGIN + 2 * FONT;
  const columns = Math.max(1, ...rows.map((row) => row.length));
  const width = left + columns * (CELL + GAP) - GAP + MARGIN;
  const more = dataset.classNames.length - labels.length;
  const height = top + rows.length * (CELL + GAP) - GAP + MARGIN + (more > 0 ? 2 * FONT : 0);

  const pictures: OverlayOptions[] = [];
  for (const [row, indices] of rows.entries()) {
    for (const [column, index] of indices.entries()) {
      pictures.push({
        input: await cell(dataset, index),
        left: left + column * (CELL + GAP),
        top: top + row * (CELL + GAP),
      });
    }
  }
  const { height: h, width: w } = dataset.imageShape;
  const title = `${dataset.name}: ${dataset.size.toLocaleString('en')} images of ${w} × ${h}`;
  const lines = [
    text(MARGIN, MARGIN + FONT * 0.75, title, { fill: FAINT, size: FONT * 0.875 }),
    ...labels.map((label, row) =>
      text(left - 2 * GAP, top + row * (CELL + GAP) + CELL / 2 + FONT * 0.35, label, { anchor: 'end' }),
    ),
  ];
  if (more > 0) lines.push(text(left, height - MARGIN, `and ${more} more classes`, { fill: FAINT }));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${lines.join('')}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite([...pictures, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

function firstOfEachClass(dataset: Dataset, perClass: number, maxClasses: number): number[][] {
  const rows: number[][] = dataset.classNames.slice(0, maxClasses).map(() => []);
  for (let i = 0; i < dataset.size; i++) {
    const row = rows[dataset.labels[i]];
    if (row && row.length < perClass) row.push(i);
  }
  return rows;
}

/** One image as a PNG of the size of a cell. */
async function cell(dataset: Dataset, index: number): Promise<Buffer> {
  const { height, width, channels } = dataset.imageShape;
  const pixels = new Uint8Array(imageBytes(dataset.imageShape));
  dataset.gather([index], pixels);
  return sharp(pixels, { raw: { width, height, channels: channels as 3 } })
    .resize(CELL, CELL, { fit: 'fill', kernel: enlarges(dataset.imageShape) ? 'nearest' : 'lanczos3' })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

/** Small images are enlarged pixel by pixel: a model sees squares, and so should whoever looks. */
function enlarges({ height, width }: ImageShape): boolean {
  return height <= CELL && width <= CELL;
}

function text(
  x: number,
  y: number,
  content: string,
  { fill = INK, size = FONT, anchor = 'start' }: { fill?: string; size?: number; anchor?: string } = {},
): string {
  const escaped = content.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return (
    `<text x="${x}" y="${y}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif" ` +
    `font-size="${size}" fill="${fill}" text-anchor="${anchor}">${escaped}</text>`
  );
}

function shorten(name: string, length: number): string {
  return name.length <= length ? name : `${name.slice(0, length - 1)}…`;
}
