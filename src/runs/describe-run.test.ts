import { expect, test } from 'vitest';
import { BatchNormalization, Dense, Flatten } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { parameterCount } from './describe-run.ts';

test('parameters are those that training has found; a fine-tuned network counts frozen ones too', () => {
  const of = (trainable: boolean) =>
    new Network({
      inputShape: [4, 4, 1],
      layers: [new Flatten(), new Dense({ units: 5, trainable }), new BatchNormalization()],
    });
  // 16 × 5 weights, 5 biases, and scale and offset of 5: the running mean and variance are measured.
  expect(parameterCount(of(true), {})).toBe(80 + 5 + 10);
  expect(parameterCount(of(false), {})).toBe(10);
  const all = of(false).rows.reduce((total, row) => total + row.parameters, 0);
  const from = { name: 'a', path: 'a', hash: '', trainable: 'head' } as never;
  expect(parameterCount(of(false), { from })).toBe(all);
});
