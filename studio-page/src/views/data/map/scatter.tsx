import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../../components/button.tsx';
import { isForBrowser } from '../../../components/keys.ts';
import { cssColor, paletteVersion } from '../../../theme.ts';
import type { Colouring } from './colouring.ts';
import {
  inSight,
  nearest,
  type Points,
  type Size,
  stepped,
  toPixels,
  toPlane,
  type View,
  WHOLE,
  zoomed,
} from './plot.ts';

export interface ScatterProps {
  readonly points: Points;
  readonly colouring: Colouring;
  /** Groups that are not drawn. */
  readonly hidden: ReadonlySet<number>;
  /** The one that is looked at. */
  readonly active: number | undefined;
  readonly onActive: (point: number | undefined) => void;
  readonly onOpen: (point: number) => void;
  /** What it shows, for who cannot see it. */
  readonly label: string;
}

/** How far from a point a pointer still means it, in pixels. */
const REACH = 14;

/** Points on a canvas: thousands of them are drawn in a few milliseconds. */
export function Scatter(props: ScatterProps) {
  const { points, colouring, hidden, active, onActive, onOpen, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [view, setView] = useState<View>(WHOLE);
  const drag = useRef<{ readonly left: number; readonly top: number; moved: boolean } | undefined>(undefined);
  const isShown = (point: number) => !hidden.has(colouring.of[point]);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) =>
      setSize({ width: Math.floor(contentRect.width), height: Math.floor(contentRect.height) }),
    );
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current && size.width > 0) draw(canvas.current, { points, colouring, hidden, view, size });
  }, [points, colouring, hidden, view, size, paletteVersion.value]);
  const at = (event: PointerEvent | WheelEvent | MouseEvent) => {
    const { left, top } = canvas.current!.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top] as const;
  };
  const find = (event: PointerEvent | MouseEvent) =>
    nearest(points, view, size, ...at(event), REACH, isShown);
  useEffect(() => {
    // Passive listeners could not keep the page from scrolling.
    const element = canvas.current!;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      setView((before) => zoomed(before, size, Math.exp(-event.deltaY / 200), ...at(event)));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [size]);
  const middle = [size.width / 2, size.height / 2] as const;
  const spot = active === undefined ? undefined : toPixels(view, size, points.x[active], points.y[active]);
  const about = spot ?? middle;
  return (
    <div class={`scatter ${view.zoom > 1 ? 'zoomed' : ''}`}>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a plot has arrow keys of its own */}
      <canvas
        ref={canvas}
        role="application"
        aria-label={label}
        tabIndex={0}
        onPointerDown={(event) => {
          const [left, top] = at(event);
          drag.current = { left, top, moved: false };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const from = drag.current;
          if (!from) return onActive(find(event));
          const [left, top] = at(event);
          if (!from.moved && Math.hypot(left - from.left, top - from.top) < 4) return;
          const [x, y] = toPlane(view, size, from.left, from.top);
          const [toX, toY] = toPlane(view, size, left, top);
          setView({ ...view, x: view.x + x - toX, y: view.y + y - toY });
          drag.current = { left, top, moved: true };
        }}
        onPointerUp={(event) => {
          const { moved } = drag.current ?? {};
          drag.current = undefined;
          const point = find(event);
          if (moved || point === undefined) return;
          onActive(point);
          onOpen(point);
        }}
        onPointerCancel={() => {
          drag.current = undefined;
        }}
        onPointerLeave={() => {
          if (!drag.current && document.activeElement !== canvas.current) onActive(undefined);
        }}
        onKeyDown={(event) => {
          if (isForBrowser(event)) return;
          const first = active ?? nearest(points, view, size, ...middle, 1e6, isShown);
          if (first === undefined) return;
          if (event.key === 'Enter' && active !== undefined) return onOpen(active);
          const next = stepped(points, first, event.key, isShown);
          if (next === undefined) return;
          event.preventDefault();
          const to = active === undefined ? first : next;
          onActive(to);
          setView((before) => inSight(before, size, points.x[to], points.y[to]));
        }}
      />
      {spot && <i class="spot" style={{ left: `${spot[0]}px`, top: `${spot[1]}px` }} />}
      <div class="scatter-zoom">
        <Button aria-label="Larger" onClick={() => setView(zoomed(view, size, 1.6, ...about))}>
          +
        </Button>
        <Button
          aria-label="Smaller"
          disabled={view.zoom === 1}
          onClick={() => setView(zoomed(view, size, 1 / 1.6, ...about))}
        >
          −
        </Button>
      </div>
    </div>
  );
}

interface Drawing extends Pick<ScatterProps, 'points' | 'colouring' | 'hidden'> {
  readonly view: View;
  readonly size: Size;
}

function draw(canvas: HTMLCanvasElement, { points, colouring, hidden, view, size }: Drawing): void {
  const scale = devicePixelRatio;
  canvas.width = size.width * scale;
  canvas.height = size.height * scale;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  const radius = points.x.length > 4000 ? 2 : points.x.length > 800 ? 3 : 4.5;
  const colours = colouring.groups.map(({ colour }) => {
    const [, name] = /^var\(--(.+)\)$/.exec(colour) ?? [];
    return name === undefined ? colour : cssColor(canvas.parentElement!, `--${name}`);
  });
  const paths = colours.map(() => new Path2D());
  for (let i = 0; i < points.x.length; i++) {
    const group = colouring.of[i];
    if (hidden.has(group)) continue;
    const [left, top] = toPixels(view, size, points.x[i], points.y[i]);
    if (left < -9 || top < -9 || left > size.width + 9 || top > size.height + 9) continue;
    paths[group].moveTo(left + radius, top);
    paths[group].arc(left, top, radius, 0, 2 * Math.PI);
  }
  context.globalAlpha = 0.75;
  for (const [group, path] of paths.entries()) {
    context.fillStyle = colours[group];
    context.fill(path);
  }
}
