/** How much of each place along an axis goes to which place of a shorter one: parallel lists of whole numbers. */
interface Overlaps {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly weight: Uint32Array;
}

/**
 * Makes a function that scales square images down by area: every new pixel is the mean of all that it covers, each by
 * the fraction that is covered. Exact up to one rounding, and so without aliasing.
 *
 * @param side of the images, in pixels
 * @param size of the new images, at most `side`
 * @returns takes images uint8 `[images, side, side, channels]` to `out`, uint8 `[images, size, size, channels]`
 */
export function areaResampler(
  side: number,
  size: number,
  channels: number,
): (images: Uint8Array, out: Uint8Array) => void {
  const overlaps = overlapsOf(side, size);
  const row = size * channels;
  // Sums of whole numbers below 255 · side², which a float64 holds exactly.
  const rows = new Float64Array(side * row);
  const sums = new Float64Array(size * row);
  return (images, out) => {
    const [bytes, outBytes] = [side * side * channels, size * size * channels];
    for (let start = 0, to = 0; to < out.length; start += bytes, to += outBytes) {
      alongRows(images, start, side, channels, overlaps, rows.fill(0), row);
      downColumns(rows, overlaps, sums.fill(0), row);
      for (let i = 0; i < outBytes; i++) out[to + i] = (sums[i] / (side * side) + 0.5) | 0;
    }
  };
}

/** In units in which an old place is `size` long and a new one `side`: then all borders are whole numbers. */
function overlapsOf(side: number, size: number): Overlaps {
  const all: [from: number, to: number, weight: number][] = [];
  for (let from = 0, to = 0; from < side && to < size; ) {
    const end = Math.min((from + 1) * size, (to + 1) * side);
    all.push([from, to, end - Math.max(from * size, to * side)]);
    if (end === (to + 1) * side) to++;
    if (end === (from + 1) * size) from++;
  }
  const column = (i: 0 | 1 | 2) => Uint32Array.from(all, (each) => each[i]);
  return { from: column(0), to: column(1), weight: column(2) };
}

function alongRows(
  images: Uint8Array,
  start: number,
  side: number,
  channels: number,
  { from, to, weight }: Overlaps,
  rows: Float64Array,
  row: number,
): void {
  for (let y = 0; y < side; y++) {
    for (let i = 0; i < from.length; i++) {
      const source = start + (y * side + from[i]) * channels;
      const target = y * row + to[i] * channels;
      for (let c = 0; c < channels; c++) rows[target + c] += weight[i] * images[source + c];
    }
  }
}

function downColumns(
  rows: Float64Array,
  { from, to, weight }: Overlaps,
  sums: Float64Array,
  row: number,
): void {
  for (let i = 0; i < from.length; i++) {
    const [source, target, fraction] = [from[i] * row, to[i] * row, weight[i]];
    for (let x = 0; x < row; x++) sums[target + x] += fraction * rows[source + x];
  }
}
