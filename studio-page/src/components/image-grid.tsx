import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { reconnections } from '../live.ts';
import { GridPhoto } from './grid-photo.tsx';
import { gridLayout, moved, visibleRows } from './grid-window.ts';
import './image-grid.css';
import { isForBrowser } from './keys.ts';
import { useSheets } from './sheets.ts';

/** Where an image lies: a place on a sheet of small images. */
export interface SheetPlace {
  /** Address of the sheet. */
  readonly url: string;
  /** From 0, row by row. */
  readonly place: number;
  /** How many images lie on this sheet. */
  readonly count: number;
}

/** Images by their place in a list, as many as there may be. */
export interface ImageSource {
  readonly total: number;
  /** Images in a row of a sheet. */
  readonly columns: number;
  readonly sheet: (position: number) => SheetPlace;
  /**
   * The address of an image in its own shape, its longer side at least `side` pixels where it has so many. Where images
   * have one, sheets are not shown; undefined while it is not known.
   */
  readonly photo?: ((position: number, side: number) => string | undefined) | undefined;
  /** What an image shows, for who cannot see it. */
  readonly name: (position: number) => string;
  /** A word of the style sheet for its look, such as `excluded`. */
  readonly look?: (position: number) => string | undefined;
  /** Called when other images come into sight, from `first` to the one before `last`. */
  readonly onVisible?: (first: number, last: number) => void;
}

export interface ImageGridProps {
  readonly source: ImageSource;
  /** What the images are, for screen readers. */
  readonly label: string;
  /** About how wide an image is to be, in pixels. */
  readonly size?: number;
  /** The one that is looked at. */
  readonly selected?: number;
  readonly onSelect?: (position: number, event: MouseEvent | KeyboardEvent) => void;
  /** Which are picked, where several can be. */
  readonly isPicked?: (position: number) => boolean;
  /** Shows a line of words below each image. */
  readonly caption?: (position: number) => string;
}

const GAP = 4;
const CAPTION = 38;
const MORE_ROWS = 3;

/**
 * Any number of small images of which only those in sight exist. It scrolls with the page. Arrow keys go from image
 * to image, Enter chooses one.
 */
export function ImageGrid(props: ImageGridProps) {
  const { source, label, size = 64, selected, onSelect, isPicked, caption } = props;
  const id = useId();
  const element = useRef<HTMLDivElement>(null);
  const target = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const [active, setActive] = useState<number>();
  const plain = gridLayout(width, source.total, size, GAP);
  const extra = caption ? CAPTION : 0;
  const layout = { ...plain, stride: plain.stride + extra, height: plain.height + extra * plain.rows };
  const latest = useRef(layout);
  latest.current = layout;

  useLayoutEffect(() => {
    let frame = 0;
    const observer = new ResizeObserver(([entry]) => {
      cancelAnimationFrame(frame);
      // In the next frame: a scroll bar that comes with the images changes the width again, and Firefox calls two
      // changes in one frame an error.
      frame = requestAnimationFrame(() => setWidth(Math.floor(entry.contentRect.width)));
    });
    observer.observe(element.current!);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, []);

  // Another layout sees other rows.
  useEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      // Its cleanup may come a frame after it is gone.
      if (!element.current) return;
      const { top } = element.current.getBoundingClientRect();
      const [first, last] = visibleRows(latest.current, top, innerHeight, MORE_ROWS);
      setRange((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    };
    const later = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    addEventListener('scroll', later, { passive: true, capture: true });
    addEventListener('resize', later);
    // What stands above it may grow or go.
    const page = new ResizeObserver(later);
    page.observe(document.body);
    return () => {
      page.disconnect();
      cancelAnimationFrame(frame);
      removeEventListener('scroll', later, { capture: true });
      removeEventListener('resize', later);
    };
  }, [layout.columns, layout.stride, layout.rows]);

  const { columns, cell, stride, rows, height } = layout;
  const [first, last] = [Math.min(range[0], rows), Math.min(range[1], rows)];
  const from = first * columns;
  const to = Math.min(source.total, last * columns);
  const { onVisible, photo } = source;
  // What did not come while the server was away is asked for again.
  const generation = reconnections.value;
  const sheets = useSheets(photo ? [] : sheetsBetween(source, from, to));
  useEffect(() => {
    if (to > from) onVisible?.(from, to);
  }, [onVisible, from, to, generation]);

  // Another list may be shorter.
  const current = active !== undefined && active < source.total ? active : selected;
  const go = (position: number) => {
    setActive(position);
    // The image itself may not be there yet.
    target.current!.style.top = `${Math.floor(position / columns) * stride}px`;
    target.current!.scrollIntoView({ block: 'nearest' });
  };
  const pool = Math.max(1, last - first);
  return (
    <div
      ref={element}
      class="image-grid"
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-multiselectable={isPicked !== undefined || undefined}
      aria-activedescendant={
        current !== undefined && current >= from && current < to ? `${id}-${current}` : undefined
      }
      style={{ height: `${height}px` }}
      onKeyDown={(event) => {
        if (isForBrowser(event)) return;
        const page = Math.max(1, Math.floor((innerHeight - 200) / stride));
        const next = moved(event.key, current ?? 0, source.total, columns, page);
        if (next !== undefined && source.total > 0) {
          event.preventDefault();
          go(next);
        } else if ((event.key === 'Enter' || event.key === ' ') && current !== undefined) {
          event.preventDefault();
          onSelect?.(current, event);
        }
      }}
    >
      <div ref={target} class="image-target" role="presentation" style={{ height: `${stride}px` }} />
      {Array.from({ length: last - first }, (_, i) => first + i).map((row) => (
        // Rows that leave become those that come: the page makes no new elements while it scrolls.
        <div
          key={row % pool}
          class="image-row"
          role="presentation"
          style={{ transform: `translateY(${row * stride}px)` }}
        >
          {Array.from({ length: Math.min(columns, source.total - row * columns) }, (_, column) => {
            const position = row * columns + column;
            return (
              // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and says which one is active
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys
              <div
                key={column}
                id={`${id}-${position}`}
                class={`image-cell ${source.look?.(position) ?? ''} ${position === current ? 'active' : ''}`}
                role="option"
                aria-selected={isPicked ? isPicked(position) : position === selected}
                aria-label={source.name(position)}
                aria-setsize={source.total}
                aria-posinset={position + 1}
                style={{ width: `${cell}px` }}
                onClick={(event) => {
                  setActive(position);
                  onSelect?.(position, event);
                }}
              >
                {photo ? (
                  <GridPhoto url={photo(position, cell * devicePixelRatio)} side={cell} />
                ) : (
                  <SheetCell source={source} position={position} side={cell} sheets={sheets} />
                )}
                {caption && <span>{caption(position)}</span>}
              </div>
            );
          })}
        </div>
      ))}
    </div>
  );
}

/** A square of a sheet, once the sheet can be drawn without waiting. */
function SheetCell(props: {
  readonly source: ImageSource;
  readonly position: number;
  readonly side: number;
  readonly sheets: ReadonlySet<string>;
}) {
  const { source, position, side, sheets } = props;
  const { url, place, count } = source.sheet(position);
  const { columns } = source;
  return (
    <i
      style={{
        height: `${side}px`,
        backgroundImage: sheets.has(url) ? `url("${url}")` : 'none',
        backgroundSize: `${columns * side}px ${Math.ceil(count / columns) * side}px`,
        backgroundPosition: `${-(place % columns) * side}px ${-Math.floor(place / columns) * side}px`,
      }}
    />
  );
}

/** The sheets that a range of images lies on, each once. */
function sheetsBetween(source: ImageSource, from: number, to: number): string[] {
  const urls = new Set<string>();
  for (let position = from; position < to; position++) urls.add(source.sheet(position).url);
  return [...urls];
}
