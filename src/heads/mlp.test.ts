import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { fitLinear, fitMlp, type HeadData, type MlpHead } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });

/** Four groups in a square, of which those across from each other are one class: no line parts them. */
function corners(perCorner: number, seed = 1): HeadData {
  const stream = random(seed, 'corners');
  const rows: number[] = [];
  const labels: number[] = [];
  for (let i = 0; i < 4 * perCorner; i++) {
    const [x, y] = [i % 2, Math.floor(i / 2) % 2];
    rows.push(10 + 4 * x + 0.5 * stream.normal(), 100 * y + 12 * stream.normal(), 7);
    labels.push(x === y ? 0 : 1);
  }
  const views = [Float32Array.from(rows)];
  return { name: 'corners', views, size: 3, labels: Uint16Array.from(labels), classNames: ['same', 'other'] };
}

function answer({ hidden, kernel, bias }: MlpHead, row: ArrayLike<number>): number {
  const layer = (input: ArrayLike<number>, weights: { kernel: Float32Array; bias: Float32Array }) =>
    Array.from(weights.bias, (b, unit) =>
      Array.from(input).reduce((sum, x, i) => sum + x * weights.kernel[i * weights.bias.length + unit], b),
    );
  const scores = layer(
    layer(row, hidden).map((x) => Math.max(0, x)),
    { kernel, bias },
  );
  return scores.indexOf(Math.max(...scores));
}

describe('a head with a hidden layer', () => {
  it('parts classes that no linear head can, on images that it has not seen, as they come', async () => {
    const [train, test] = [corners(25), corners(10, 2)];
    const head = await fitMlp(runtime, train, { seed: 1, units: 32, dropout: 0.2 });
    const right = (images: HeadData) =>
      Array.from(images.labels).filter(
        (label, i) => answer(head, images.views[0].subarray(3 * i, 3 * i + 3)) === label,
      ).length / images.labels.length;
    expect(head.accuracy).toBe(right(train));
    expect(right(test)).toBeGreaterThan(0.9);
    expect((await fitLinear(runtime, train, { seed: 1 })).accuracy).toBeLessThan(0.8);
  });

  it('ends where held-out images are best, and is the same for the same seed', async () => {
    const options = { seed: 3, units: 16, earlyStopping: 2 };
    const head = await fitMlp(runtime, corners(8), options);
    const losses = head.heldOut!.map(({ loss }) => loss);
    expect(losses.indexOf(Math.min(...losses))).toBe(head.epochs - 1);
    expect(losses.length - head.epochs).toBeLessThanOrEqual(2);
    expect(await fitMlp(runtime, corners(8), options)).toEqual(head);
    expect(await fitMlp(runtime, corners(8), { ...options, seed: 4 })).not.toEqual(head);
  });

  it('learns from one image a class, where none can be held out', async () => {
    const one = corners(1);
    const two = { ...one, views: [one.views[0].subarray(0, 6)], labels: one.labels.subarray(0, 2) };
    const head = await fitMlp(runtime, two, { seed: 1, dropout: 0 });
    expect(head.heldOut).toBeUndefined();
    expect(head.accuracy).toBe(1);
  });
});
