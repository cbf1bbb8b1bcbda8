/**
 * Undoes the filter that each row of `stride` bytes of a PNG names in a byte before it (PNG specification, third edition,
 * §9).
 *
 * @param rows whole rows, inflated
 * @param pixel bytes of a pixel
 * @returns undefined when a filter is not known
 */
export function unfiltered(
  rows: Uint8Array,
  stride: number,
  pixel: number,
): Uint8Array<ArrayBuffer> | undefined {
  const height = rows.length / (stride + 1);
  const out = new Uint8Array(height * stride);
  for (let y = 0, from = 0, to = 0; y < height; y++) {
    const filter = rows[from++];
    if (filter > 4) return undefined;
    for (let x = 0; x < stride; x++, from++, to++) {
      const left = x >= pixel ? out[to - pixel] : 0;
      const above = y > 0 ? out[to - stride] : 0;
      const corner = x >= pixel && y > 0 ? out[to - stride - pixel] : 0;
      out[to] = rows[from] + predicted(filter, left, above, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4:
      return paeth(left, above, corner);
    default:
      return 0;
  }
}

/** The neighbour nearest to left + above − corner (§9.4). */
function paeth(left: number, above: number, corner: number): number {
  const [toLeft, toAbove, toCorner] = [
    Math.abs(above - corner),
    Math.abs(left - corner),
    Math.abs(left + above - 2 * corner),
  ];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
