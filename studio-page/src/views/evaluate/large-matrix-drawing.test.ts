import { expect, test } from 'vitest';
import { cellAt, inSight } from './large-matrix-drawing.ts';

test('the cells in sight are those that show, in part too', () => {
  expect(inSight(0, 100, 10, 50)).toEqual([0, 10]);
  expect(inSight(15, 100, 10, 50)).toEqual([1, 12]);
  expect(inSight(450, 100, 10, 50)).toEqual([45, 50]);
});

test('a place of the drawing is a true and a predicted class, whatever their order', () => {
  const view = { width: 200, height: 200, left: 0, top: 10, cell: 10, room: 50 };
  const order = [2, 0, 1];
  expect(cellAt(55, 52, view, order)).toEqual([0, 2]);
  expect(cellAt(71, 60, view, order)).toEqual([1, 1]);
  expect(cellAt(20, 60, view, order)).toBeUndefined();
  expect(cellAt(95, 60, view, order)).toBeUndefined();
});
