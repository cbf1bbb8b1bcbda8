import { expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { Conv2D, Dense, GlobalAveragePooling2D } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { SGD } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { findLearningRate, type RangeTestOptions } from './learning-rate-range.ts';

const train = images(48, 6, 6);
const network = new Network({
  inputShape: [6, 6, 3],
  layers: [new Conv2D({ filters: 4, kernelSize: 3 }), new GlobalAveragePooling2D(), new Dense({ units: 3 })],
});

/** The losses of the first steps. */
async function losses(options: Partial<RangeTestOptions> = {}): Promise<number[]> {
  const { points } = await findLearningRate({
    network,
    optimizer: new SGD(),
    runtime: nodeRuntime({ threads: 1 }),
    train,
    batchSize: 8,
    seed: 1,
    from: 1e-5,
    to: 1e-4,
    steps: 4,
    ...options,
  });
  return points.map(({ loss }) => loss);
}

it('counts, chooses and scales images as training would', async () => {
  const plain = await losses();
  expect(plain).toHaveLength(4);
  const [red, green, blue] = train.classNames;
  const doubled = await losses({ classWeight: { [red]: 2, [green]: 2, [blue]: 2 } });
  expect(doubled[0]).toBeCloseTo(2 * plain[0], 5);
  expect(await losses({ sampling: 'balanced' })).not.toEqual(plain);
  const small = await losses({ resolution: [{ fromEpoch: 1, size: 4 }] });
  expect(small[0]).not.toBe(plain[0]);
  expect(await losses({ resolution: [{ fromEpoch: 2, size: 4 }] })).toEqual(plain);
});
