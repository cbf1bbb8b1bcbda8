import { expect, test } from 'vitest';
import { inSight, nearest, stepped, toPixels, toPlane, WHOLE, zoomed } from './plot.ts';

const SIZE = { width: 432, height: 232 };
const POINTS = { x: [0, 0.5, 0.5, -1], y: [0, 0.1, 0.8, -1] };

test('pixels and the plane lead to each other, upwards being up', () => {
  expect(toPixels(WHOLE, SIZE, 1, 1)).toEqual([416, 16]);
  const view = { x: 0.3, y: -0.2, zoom: 3 };
  const [left, top] = toPixels(view, SIZE, 0.5, 0.1);
  const [x, y] = toPlane(view, SIZE, left, top);
  expect(x).toBeCloseTo(0.5);
  expect(y).toBeCloseTo(0.1);
});

test('what is below the pointer stays there when it is zoomed', () => {
  const before = toPlane(WHOLE, SIZE, 300, 60);
  const view = zoomed(WHOLE, SIZE, 4, 300, 60);
  const after = toPlane(view, SIZE, 300, 60);
  expect(after[0]).toBeCloseTo(before[0]);
  expect(after[1]).toBeCloseTo(before[1]);
  expect(zoomed(view, SIZE, 0.01, 10, 10)).toEqual(WHOLE);
});

test('a point beyond the canvas is brought into its middle, another leaves the view as it is', () => {
  const view = zoomed(WHOLE, SIZE, 8, 300, 60);
  const moved = inSight(view, SIZE, -1, -1);
  expect(toPixels(moved, SIZE, -1, -1)).toEqual([SIZE.width / 2, SIZE.height / 2]);
  expect(moved.zoom).toBe(8);
  expect(inSight(moved, SIZE, -0.99, -1)).toBe(moved);
});

test('the nearest point is meant, within reach and of those that are shown', () => {
  const [left, top] = toPixels(WHOLE, SIZE, 0.5, 0.12);
  expect(nearest(POINTS, WHOLE, SIZE, left, top, 12)).toBe(1);
  expect(nearest(POINTS, WHOLE, SIZE, left, top - 30, 12)).toBeUndefined();
  expect(nearest(POINTS, WHOLE, SIZE, left, top, 12, (i) => i !== 1)).toBeUndefined();
});

test('arrow keys go to the next point ahead, and stay where there is none', () => {
  expect(stepped(POINTS, 0, 'ArrowRight')).toBe(1);
  expect(stepped(POINTS, 1, 'ArrowUp')).toBe(2);
  expect(stepped(POINTS, 0, 'ArrowLeft')).toBe(3);
  expect(stepped(POINTS, 2, 'ArrowUp')).toBe(2);
  expect(stepped(POINTS, 0, 'ArrowRight', (i) => i !== 1)).toBe(2);
  expect(stepped(POINTS, 0, 'Enter')).toBeUndefined();
});
