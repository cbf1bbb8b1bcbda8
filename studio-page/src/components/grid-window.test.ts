import { expect, test } from 'vitest';
import { gridLayout, moved, visibleRows } from './grid-window.ts';

test('a grid fills its width with whole pixels', () => {
  const layout = gridLayout(1000, 10_000, 64, 4);
  expect(layout).toEqual({ columns: 14, cell: 67, stride: 71, rows: 715, height: 715 * 71 - 4 });
  expect(layout.columns * layout.cell + (layout.columns - 1) * 4).toBeLessThanOrEqual(1000);
});

test('a place narrower than an image has one column', () => {
  expect(gridLayout(40, 3, 64, 4)).toMatchObject({ columns: 1, cell: 40, rows: 3 });
});

test('only rows near the window are made, wherever it stands', () => {
  const layout = gridLayout(1000, 10_000, 64, 4);
  expect(visibleRows(layout, 300, 800, 2)).toEqual([0, 10]);
  expect(visibleRows(layout, -7100, 800, 2)).toEqual([98, 114]);
  expect(visibleRows(layout, -60_000, 800, 2)).toEqual([715, 715]);
  expect(visibleRows(layout, 2000, 800, 2)).toEqual([0, 0]);
  expect(visibleRows(gridLayout(1000, 0, 64, 4), 0, 800, 2)).toEqual([0, 0]);
});

test('keys lead through the grid and never out of it', () => {
  const to = (key: string, place: number) => moved(key, place, 25, 10, 2);
  expect(to('ArrowRight', 24)).toBe(24);
  expect(to('ArrowLeft', 0)).toBe(0);
  expect(to('ArrowDown', 12)).toBe(22);
  expect(to('ArrowDown', 17)).toBe(17);
  expect(to('ArrowUp', 3)).toBe(3);
  expect(to('PageDown', 0)).toBe(20);
  expect(to('Home', 13)).toBe(0);
  expect(to('End', 13)).toBe(24);
  expect(to('x', 13)).toBeUndefined();
});
