/** Where points lie on the canvas, and which of them is meant. */

/** What part of the plane is seen: its middle, and how much larger it is than at first. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export const WHOLE: View = { x: 0, y: 0, zoom: 1 };
export const MOST_ZOOM = 40;

/** Room at the edges, in pixels. */
const MARGIN = 16;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A point of the plane in pixels of the canvas. */
export function toPixels({ x, y, zoom }: View, { width, height }: Size, px: number, py: number) {
  return [
    width / 2 + (px - x) * zoom * (width / 2 - MARGIN),
    height / 2 - (py - y) * zoom * (height / 2 - MARGIN),
  ] as const;
}

/** A pixel of the canvas as a point of the plane. */
export function toPlane({ x, y, zoom }: View, { width, height }: Size, left: number, top: number) {
  return [
    x + (left - width / 2) / (zoom * (width / 2 - MARGIN)),
    y - (top - height / 2) / (zoom * (height / 2 - MARGIN)),
  ] as const;
}

/** Larger or smaller, with the point below a pixel staying where it is. */
export function zoomed(view: View, size: Size, factor: number, left: number, top: number): View {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
  if (zoom === 1) return WHOLE;
  const [x, y] = toPlane(view, size, left, top);
  const kept = { ...view, zoom };
  const [newX, newY] = toPlane(kept, size, left, top);
  return { x: view.x + x - newX, y: view.y + y - newY, zoom };
}

/** The same view, moved to a point of the plane where that lies beyond the canvas. */
export function inSight(view: View, size: Size, px: number, py: number): View {
  const [left, top] = toPixels(view, size, px, py);
  const isThere = left >= 0 && left <= size.width && top >= 0 && top <= size.height;
  return isThere ? view : { ...view, x: px, y: py };
}

export interface Points {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The point nearest to a pixel, no farther than `most` pixels; of those that `isShown`. */
export function nearest(
  { x, y }: Points,
  view: View,
  size: Size,
  left: number,
  top: number,
  most: number,
  isShown: (point: number) => boolean = () => true,
): number | undefined {
  let [best, least] = [-1, most * most];
  for (let i = 0; i < x.length; i++) {
    const [px, py] = toPixels(view, size, x[i], y[i]);
    const distance = (px - left) ** 2 + (py - top) ** 2;
    if (distance > least || !isShown(i)) continue;
    [best, least] = [i, distance];
  }
  return best < 0 ? undefined : best;
}

/** The nearest point in the direction of an arrow key, rather straight ahead than aside; undefined for other keys. */
export function stepped(
  { x, y }: Points,
  from: number,
  key: string,
  isShown: (point: number) => boolean = () => true,
): number | undefined {
  const directions: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, 1],
    ArrowDown: [0, -1],
  };
  if (!Object.hasOwn(directions, key)) return undefined;
  const [dx, dy] = directions[key];
  let [best, least] = [from, Number.POSITIVE_INFINITY];
  for (let i = 0; i < x.length; i++) {
    const [ax, ay] = [x[i] - x[from], y[i] - y[from]];
    const ahead = ax * dx + ay * dy;
    if (i === from || ahead <= 0 || !isShown(i)) continue;
    const aside = Math.abs(ax * dy) + Math.abs(ay * dx);
    const distance = ahead + 2 * aside;
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}
