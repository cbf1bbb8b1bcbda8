import type { ImageInput } from '../data/dataset.ts';
import { onWhite } from '../data/on-white.ts';
import { HarrierError } from '../errors.ts';
import type { Pixels } from '../run/types.ts';
import { scalerFor } from './resizer.ts';

/**
 * An image in memory as a model takes it: laid on white where it is transparent, and brought to the shape.
 *
 * @returns uint8 `[height, width, 3]`
 * @throws HarrierError `bad-data` when the sizes do not fit the bytes
 */
export function shapedPixels(
  { data, width, height }: Pixels,
  shape: ImageInput,
  where: string,
): Uint8Array<ArrayBuffer> {
  const channels = data.length / (width * height);
  if (!isSide(width) || !isSide(height) || (channels !== 3 && channels !== 4)) {
    throw new HarrierError('bad-data', 'these pixels do not make an image', {
      where,
      expected: 'width × height × 3 or 4 bytes',
      received: `${data.length} bytes for ${width} × ${height}`,
      next: 'Give whole rows, from the top: red, green, blue, and opacity if any.',
    });
  }
  const scaled = scalerFor({ width, height }, shape);
  scaled.add(channels === 4 ? onWhite(data, 4) : withOpacity(data));
  return scaled.finish();
}

function isSide(side: unknown): boolean {
  return Number.isInteger(side) && (side as number) > 0;
}

/** Four bytes a pixel, as the scaler takes them. */
function withOpacity(colors: Uint8Array | Uint8ClampedArray): Uint8Array {
  const out = new Uint8Array((colors.length / 3) * 4);
  for (let from = 0, to = 0; from < colors.length; from += 3, to += 4) {
    out[to] = colors[from];
    out[to + 1] = colors[from + 1];
    out[to + 2] = colors[from + 2];
  }
  return out;
}

/** Whether an image is given as pixels in memory. */
export function isPixels(image: object): image is Pixels {
  const { data } = image as Partial<Pixels>;
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray;
}
