import sharp from 'sharp';
import type { ImageInput } from '../../../data/dataset.ts';
import { seenPart } from '../../../data/placement.ts';
import { type HeatMap, heatLayer } from '../../../explanation/index.ts';
import { drawText, TEXT_INK } from './contact-sheet.ts';
import { decodeUnusual } from './unusual.ts';

export interface ExplanationImageOptions {
  /** Above: what is explained. */
  readonly title: string;
  /** Below, small: how. */
  readonly note: string;
  /** How the model sees images: those that are no larger are enlarged pixel by pixel, and what it does not see is dark. */
  readonly seen: ImageInput;
}

/** Sides of the two panels, in pixels: small images are enlarged to the first, large ones shrunk to the second. */
const SMALLEST = 256;
const LARGEST = 768;
const MARGIN = 16;
const GAP = 12;
const TITLE = 40;
const NOTE = 36;
const FONT = 18;

/**
 * An image beside itself with a map over it, in its own proportions.
 *
 * @param source the bytes of an image that `decodeImage` could read
 * @returns the bytes of a PNG
 */
export async function explanationImage(
  source: Uint8Array,
  map: HeatMap,
  { title, note, seen }: ExplanationImageOptions,
): Promise<Buffer> {
  const unusual = await decodeUnusual(source, 'image', Number.POSITIVE_INFINITY);
  const opened = unusual
    ? sharp(unusual.data, { raw: unusual })
    : sharp(source, { failOn: 'error', limitInputPixels: false }).autoOrient();
  const upright = await opened
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .png({ compressionLevel: 0 })
    .toBuffer({ resolveWithObject: true });
  const size = panelSize(upright.info);
  const small = upright.info.width <= seen.width && upright.info.height <= seen.height;
  const panel = await sharp(upright.data)
    .resize(size.width, size.height, { fit: 'fill', kernel: small ? 'nearest' : 'lanczos3' })
    .toBuffer();
  const heat = { raw: { ...size, channels: 4 as const } };
  const layer = heatLayer(map, size, { part: seenPart(upright.info, seen) });
  const second = MARGIN + size.width + GAP;
  const width = second + size.width + MARGIN;
  const height = TITLE + size.height + NOTE;
  const text = [
    drawText(MARGIN, TITLE - 14, title, { size: FONT, fill: TEXT_INK.strong }),
    drawText(MARGIN, height - 13, note, { size: FONT - 4, fill: TEXT_INK.faint }),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${text.join('')}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite([
      { input: panel, left: MARGIN, top: TITLE },
      { input: panel, left: second, top: TITLE },
      { input: Buffer.from(layer.buffer), ...heat, left: second, top: TITLE },
      { input: Buffer.from(svg), left: 0, top: 0 },
    ])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** Small images by a whole factor, so that their pixels stay squares. */
function panelSize({ width, height }: { width: number; height: number }): { width: number; height: number } {
  const longest = Math.max(width, height);
  const factor =
    longest < SMALLEST ? Math.ceil(SMALLEST / longest) : longest > LARGEST ? LARGEST / longest : 1;
  return {
    width: Math.max(1, Math.round(width * factor)),
    height: Math.max(1, Math.round(height * factor)),
  };
}
