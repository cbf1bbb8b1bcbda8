import { expect, it } from 'vitest';
import type { RunRecord } from '../../runs/run-record.ts';
import { checkAlike } from './seeds.ts';

/** The part of a record that tells whether two seeds are alike. */
const recordOf = (images: number, options: object = {}) =>
  ({
    options: { seed: 1, batchSize: images, epochs: 9, loss: {}, validationSplit: 0.2, ...options },
    network: { layers: [] },
    data: { train: { images, hash: `${images}` }, test: { images: 9, hash: 'test' } },
  }) as unknown as RunRecord;

it('lets what follows the number of images differ where the split gives another number, and nothing else', () => {
  expect(() => checkAlike(recordOf(80, { seed: 2 }), recordOf(81))).not.toThrow();
  expect(() => checkAlike(recordOf(80, { batchSize: 9 }), recordOf(80))).toThrow(
    'expected the same batchSize',
  );
  expect(() => checkAlike(recordOf(80, { loss: { labelSmoothing: 0.1 } }), recordOf(81))).toThrow(
    'expected the same loss',
  );
});
