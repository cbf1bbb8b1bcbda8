import { expect, it } from 'vitest';
import { resizingOf } from './progressive-resizing.ts';
import { record } from './record.ts';

const square = (side: number) => ({ height: side, width: side, channels: 3 as const });

it('trains the first part of the epochs on smaller images', () => {
  expect(resizingOf(record, square(32), 9)).toEqual([
    { fromEpoch: 1, size: 24 },
    { fromEpoch: 3, size: 32 },
  ]);
  expect(resizingOf(record, square(64), 40)).toEqual([
    { fromEpoch: 1, size: 48 },
    { fromEpoch: 9, size: 64 },
  ]);
  expect(resizingOf({ ...record, progressiveResizing: { fraction: 1, scale: 0.5 } }, square(32), 2)).toEqual([
    { fromEpoch: 1, size: 16 },
  ]);
});

it('leaves images as they are where there are few epochs, or they are small or not square', () => {
  expect(resizingOf(record, square(32), 4)).toBeUndefined();
  expect(resizingOf(record, square(28), 9)).toBeUndefined();
  expect(resizingOf(record, { height: 48, width: 64, channels: 3 }, 9)).toBeUndefined();
  expect(resizingOf({ imageSize: 32 }, square(32), 9)).toBeUndefined();
});
