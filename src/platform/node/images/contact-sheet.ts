import sharp, { type OverlayOptions } from 'sharp';
import type { ImageShape } from '../../../data/dataset.ts';
import { printable } from '../../../format/format.ts';

/** Images in rows, each row with its name. */
export interface ContactSheet {
  readonly title: string;
  readonly imageShape: ImageShape;
  readonly rows: readonly {
    readonly label: string;
    /** uint8 `[height, width, channels]` each. */
    readonly images: readonly Uint8Array[];
  }[];
  /** Words above a column, by its place; the columns before the second heading stand apart from the rest. */
  readonly headings?: readonly (readonly [column: number, text: string])[];
  /** A line below. */
  readonly note?: string;
}

const CELL = 64;
const GAP = 6;
const MARGIN = 24;
const FONT = 16;
/** Colours of text on white. */
export const TEXT_INK = { strong: '#1f2933', faint: '#7b8794' };

/** Draws a contact sheet. @returns the bytes of a PNG */
export async function contactSheet({
  title,
  imageShape,
  rows,
  headings = [],
  note,
}: ContactSheet): Promise<Buffer> {
  const labels = rows.map(({ label }) => shorten(label, 24));
  const textWidth = Math.ceil(Math.max(...labels.map(emsOf)) * FONT);
  const left = MARGIN + textWidth + 2 * GAP;
  const top = MARGIN + 2 * FONT + (headings.length > 0 ? 1.5 * FONT : 0);
  const apart = headings[1]?.[0] ?? Number.POSITIVE_INFINITY;
  const columnLeft = (column: number) => left + column * (CELL + GAP) + (column >= apart ? 3 * GAP : 0);
  const rowTop = (row: number) => top + row * (CELL + GAP);
  const columns = Math.max(1, ...rows.map(({ images }) => images.length));
  const width = Math.max(columnLeft(columns - 1) + CELL, 2 * MARGIN + emsOf(title) * FONT) + MARGIN;
  const height = rowTop(rows.length) - GAP + MARGIN + (note ? 2 * FONT : 0);

  const cells: OverlayOptions[] = [];
  for (const [row, { images }] of rows.entries()) {
    for (const [column, pixels] of images.entries()) {
      const input = await cell(pixels, imageShape);
      cells.push({ input, left: columnLeft(column), top: rowTop(row) });
    }
  }
  const lines = [
    drawText(MARGIN, MARGIN + FONT * 0.75, title, { fill: TEXT_INK.faint, size: FONT * 0.875 }),
    ...headings.map(([column, heading]) =>
      drawText(columnLeft(column), top - FONT * 0.75, heading, { size: FONT * 0.875 }),
    ),
    ...labels.map((label, row) =>
      drawText(left - 2 * GAP, rowTop(row) + CELL / 2 + FONT * 0.35, label, { anchor: 'end' }),
    ),
  ];
  if (note) lines.push(drawText(left, height - MARGIN, note, { fill: TEXT_INK.faint }));
  const size = { width: Math.ceil(width), height: Math.ceil(height) };
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${lines.join('')}</svg>`;
  return sharp({ create: { ...size, channels: 3, background: '#ffffff' } })
    .composite([...cells, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** About how wide a text is, in the size of its letters: those of East Asia are as wide as they are high. */
function emsOf(text: string): number {
  const wide = text.match(
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff00-\uffef]/gu,
  );
  return 0.6 * text.length + 0.4 * (wide?.length ?? 0);
}

/** One image as a PNG of the size of a cell. */
function cell(pixels: Uint8Array, shape: ImageShape): Promise<Buffer> {
  const { height, width, channels } = shape;
  return sharp(pixels, { raw: { width, height, channels: channels as 3 } })
    .resize(CELL, CELL, { fit: 'fill', kernel: enlarges(shape) ? 'nearest' : 'lanczos3' })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

/** Small images are enlarged pixel by pixel: a model sees squares, and so should whoever looks. */
function enlarges({ height, width }: ImageShape): boolean {
  return height <= CELL && width <= CELL;
}

/** A line of text as SVG. */
export function drawText(
  x: number,
  y: number,
  content: string,
  {
    fill = TEXT_INK.strong,
    size = FONT,
    anchor = 'start',
  }: { fill?: string; size?: number; anchor?: string } = {},
): string {
  // XML has no place for control characters, not even escaped.
  const escaped = printable(content).replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return (
    `<text x="${x}" y="${y}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif" ` +
    `font-size="${size}" fill="${fill}" text-anchor="${anchor}">${escaped}</text>`
  );
}

function shorten(name: string, length: number): string {
  return name.length <= length ? name : `${name.slice(0, length - 1)}…`;
}
