import type { RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

/** Pixels above and below what is in sight whose lines are there too, for who goes through them with the Tab key. */
const MORE = 200;

/** The lines of a list that scrolls by itself which are in sight, and where each is. */
export interface LineWindow {
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** The first line in sight, and the one after the last. */
  readonly first: number;
  readonly last: number;
  /** Of each line, in pixels. */
  readonly tops: readonly number[];
  /** Of all lines. */
  readonly height: number;
}

/** Of any number of lines only those in sight exist. @param heightOf must always give the same for a line */
export function useLineWindow<T>(lines: readonly T[], heightOf: (line: T) => number): LineWindow {
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<readonly [top: number, height: number]>([0, 900]);
  const { tops, height } = useMemo(() => stacked(lines.map(heightOf)), [lines]);
  useLayoutEffect(() => {
    const element = scroller.current!;
    let frame = 0;
    const look = () => {
      frame = 0;
      setSeen([element.scrollTop, element.clientHeight]);
    };
    const later = () => {
      frame ||= requestAnimationFrame(look);
    };
    const observer = new ResizeObserver(later);
    observer.observe(element);
    element.addEventListener('scroll', later, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      element.removeEventListener('scroll', later);
    };
  }, []);
  const [first, last] = between(tops, height, seen[0] - MORE, seen[0] + seen[1] + MORE);
  return { scroller, first, last, tops, height };
}

/** Where lines of these heights begin, one below the other. */
export function stacked(heights: readonly number[]): { readonly tops: number[]; readonly height: number } {
  let height = 0;
  const tops = heights.map((own) => {
    height += own;
    return height - own;
  });
  return { tops, height };
}

/** The lines between two places: the first, and the one after the last. */
export function between(tops: readonly number[], height: number, from: number, to: number): [number, number] {
  const firstBelow = (place: number) => {
    let [low, high] = [0, tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tops[middle] < place) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const start = Math.min(from, height);
  return [Math.max(0, firstBelow(start + 1) - 1), firstBelow(to)];
}
