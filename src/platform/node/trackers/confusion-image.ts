import sharp, { type Sharp } from 'sharp';
import type { Evaluation } from '../../../evaluation/index.ts';
import { coordinate, escapeHtml } from '../../../format/html.ts';
import type { TrackedImage } from './tracker.ts';

const LARGEST = 800;
const MARGIN = 90;
/** More classes than this have no room for numbers. */
const NUMBERED = 20;

/** The confusion matrix as an image: rows are true classes, columns predicted ones, dark is often. */
export async function confusionImage({
  matrix,
  classNames,
}: Pick<Evaluation, 'matrix' | 'classNames'>): Promise<TrackedImage> {
  const count = classNames.length;
  const cell = Math.max(2, Math.min(48, Math.floor((LARGEST - MARGIN) / count)));
  const side = MARGIN + cell * count + 4;
  const isNamed = cell >= 10;
  if (!isNamed) return pixelImage(matrix, cell);
  const text = (x: number, y: number, content: string, more: string) =>
    `<text x="${coordinate(x)}" y="${coordinate(y)}" font-size="${Math.min(12, cell * 0.7)}" font-family="sans-serif" ${more}>${escapeHtml(content)}</text>`;
  const parts = matrix.flatMap((row, truth) => {
    const total = row.reduce((sum, each) => sum + each, 0) || 1;
    return row.map((value, predicted) => {
      const part = value / total;
      const [x, y] = [MARGIN + predicted * cell, MARGIN + truth * cell];
      const rectangle = `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="rgb(${colorOf(part)})" stroke="#ddd"/>`;
      if (count > NUMBERED || value === 0) return rectangle;
      return (
        rectangle +
        text(
          x + cell / 2,
          y + cell * 0.6,
          `${value}`,
          `text-anchor="middle" fill="${part > 0.5 ? '#fff' : '#222'}"`,
        )
      );
    });
  });
  const names = classNames.flatMap((name, i) => {
    const at = MARGIN + (i + 0.65) * cell;
    const short = name.length > 12 ? `${name.slice(0, 11)}…` : name;
    return [
      text(MARGIN - 4, at, short, 'text-anchor="end"'),
      text(0, 0, short, `transform="translate(${coordinate(at)} ${MARGIN - 4}) rotate(-90)"`),
    ];
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect width="100%" height="100%" fill="#fff"/>${[...parts, ...names].join('')}</svg>`;
  return pngOf(sharp(Buffer.from(svg)).removeAlpha());
}

/** From white to blue. @param part of the images of a class */
function colorOf(part: number): number[] {
  return [255 - 222 * part, 255 - 153 * part, 255 - 83 * part].map(Math.round);
}

/** Of many classes: as many rectangles as that no program draws. */
function pixelImage(matrix: Evaluation['matrix'], cell: number): Promise<TrackedImage> {
  const count = matrix.length;
  const pixels = new Uint8Array(3 * count * count);
  for (const [truth, row] of matrix.entries()) {
    const total = row.reduce((sum, each) => sum + each, 0) || 1;
    for (const [predicted, value] of row.entries()) {
      pixels.set(colorOf(value / total), 3 * (truth * count + predicted));
    }
  }
  const image = sharp(pixels, { raw: { width: count, height: count, channels: 3 } });
  return pngOf(image.resize(cell * count, cell * count, { kernel: 'nearest' }));
}

async function pngOf(image: Sharp): Promise<TrackedImage> {
  const { data, info } = await image.png().toBuffer({ resolveWithObject: true });
  return { png: data, width: info.width, height: info.height };
}
