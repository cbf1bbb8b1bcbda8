import { expect, test } from 'vitest';
import { inParts, undoing } from './entries.ts';

test('what was alike is brought back together', () => {
  const changes = undoing([
    { index: 3 },
    { index: 5, mark: { label: 1 } },
    { index: 8 },
    { index: 9, mark: { label: 1, excluded: true } },
  ]);
  expect(changes).toEqual([
    { indices: [3, 8], label: null, excluded: false },
    { indices: [5], label: 1, excluded: false },
    { indices: [9], label: 1, excluded: true },
  ]);
});

test('requests hold as many images as the server takes', () => {
  const parts = inParts(
    [
      { indices: [1, 2, 3], label: 0 },
      { indices: [4, 5, 6, 7], excluded: true },
    ],
    3,
  );
  expect(parts).toEqual([
    [{ indices: [1, 2, 3], label: 0 }],
    [{ indices: [4, 5, 6], excluded: true }],
    [{ indices: [7], excluded: true }],
  ]);
  expect(inParts([])).toEqual([]);
});
