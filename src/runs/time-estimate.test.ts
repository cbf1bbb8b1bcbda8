import { expect, test } from 'vitest';
import type { RunRecord } from './run-record.ts';
import { timeEstimate } from './time-estimate.ts';

const HARDWARE = { cpu: 'a', cores: 2 };
const options = (more: object = {}) => ({ recipe: 'quick', epochs: 4, threads: 2, ...more }) as never;
const record = (more: object = {}, result: object = { seconds: 40, epochs: 4 }) =>
  ({
    options: options(more),
    hardware: HARDWARE,
    data: {
      train: { images: 100 },
      test: { images: 50 },
      imageShape: { height: 32, width: 32 },
    },
    result,
  }) as unknown as RunRecord;
const planned = {
  options: options({ epochs: 8 }),
  images: { train: 200, validation: 0, test: 50 },
  imageShape: { height: 64, width: 64 },
};

test('a run takes as long as one of its network did, in proportion to images, epochs and pixels', () => {
  // 40 s for 4 epochs of 100 images of 32 × 32: 8 of 200 with four times the pixels take 16 times as long.
  expect(timeEstimate(planned, [{ id: 'quick-1', record: record() }], HARDWARE)).toEqual({
    seconds: 640,
    run: 'quick-1',
  });
  // Of several, the newest on the same data tells most.
  const [newest, same] = [record({}, { seconds: 80, epochs: 4 }), record({ data: 'photos' })];
  const onPhotos = { ...planned, options: options({ epochs: 8, data: 'photos' }) };
  const both = [
    { id: 'newest', record: newest },
    { id: 'same', record: same },
  ];
  expect(timeEstimate(onPhotos, both, HARDWARE)?.run).toBe('same');
  expect(timeEstimate(planned, both, HARDWARE)?.run).toBe('newest');
  // A run that ended early took its seconds for fewer epochs.
  const early = record({ epochs: 20 }, { seconds: 40, epochs: 2 });
  expect(timeEstimate(planned, [{ id: 'early', record: early }], HARDWARE)?.seconds).toBe(1280);
});

test('a head looks at each image once, and once more mirrored; test images too', () => {
  const head = { head: 'linear', from: { hash: 'x', trainable: 'head' }, epochs: 1 };
  const past = { id: 'head', record: record(head, { seconds: 15, epochs: 1 }) };
  const mirrored = options({ ...head, augmentation: [{ name: 'RandomFlip' }] });
  const shape = { height: 32, width: 32 };
  expect(
    timeEstimate(
      { options: mirrored, images: { train: 200, validation: 0, test: 50 }, imageShape: shape },
      [past],
      HARDWARE,
    ),
  ).toEqual({ seconds: 45, run: 'head' });
});

test('runs of another network, machine or number of threads, and unfinished ones, tell nothing', () => {
  for (const [other, hardware] of [
    [record({ recipe: 'deep' }), HARDWARE],
    [record({ recipeOptions: { width: 9 } }), HARDWARE],
    [record({ threads: 1 }), HARDWARE],
    [record({ from: { hash: 'x', trainable: 'all' } }), HARDWARE],
    [{ ...record(), result: undefined }, HARDWARE],
    [record(), { cpu: 'b', cores: 2 }],
  ] as const) {
    expect(timeEstimate(planned, [{ id: 'other', record: other as RunRecord }], hardware)).toBeUndefined();
  }
});
