/** How a grid of images fills its place. */
export interface GridLayout {
  readonly columns: number;
  /** Side of a cell in whole pixels, so that parts of a sheet never bleed into each other. */
  readonly cell: number;
  /** From the top of a row to that of the next. */
  readonly stride: number;
  readonly rows: number;
  readonly height: number;
}

/** As many columns of about `wanted` pixels as fit into `width`. */
export function gridLayout(width: number, total: number, wanted: number, gap: number): GridLayout {
  const columns = Math.max(1, Math.floor((width + gap) / (wanted + gap)));
  const cell = Math.max(1, Math.floor((width - gap * (columns - 1)) / columns));
  const rows = Math.ceil(total / columns);
  const stride = cell + gap;
  return { columns, cell, stride, rows, height: Math.max(0, rows * stride - gap) };
}

/**
 * The rows that are seen, with some more above and below.
 *
 * @param top where the grid begins, against the upper edge of the window: negative once it is scrolled
 * @returns first row and the one after the last
 */
export function visibleRows(
  { stride, rows }: GridLayout,
  top: number,
  windowHeight: number,
  more: number,
): [number, number] {
  const first = Math.floor(-top / stride) - more;
  const last = Math.ceil((windowHeight - top) / stride) + more;
  return [Math.min(Math.max(0, first), rows), Math.max(0, Math.min(rows, last))];
}

/** Where arrow keys, page keys, Home and End lead from a place; undefined for other keys. */
export function moved(
  key: string,
  place: number,
  total: number,
  columns: number,
  page: number,
): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * page,
    PageDown: columns * page,
    Home: -total,
    End: total,
  };
  if (!Object.hasOwn(steps, key)) return undefined;
  const to = place + steps[key];
  // A row that is not full has nothing below: one stays where one is rather than jump aside.
  if ((key === 'ArrowDown' && to >= total) || (key === 'ArrowUp' && to < 0)) return place;
  return Math.min(total - 1, Math.max(0, to));
}
