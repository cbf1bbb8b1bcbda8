import { describe, expect, it } from 'vitest';
import { memoryDataset } from '../data/memory.ts';
import { random } from '../data/random.ts';
import { Conv2D, Dense, Flatten, PatchWhitening2D } from '../layers/index.ts';
import { Network } from './network.ts';
import { initialWeights } from './weights.ts';
import { eigen } from './whitening.ts';

const normalization = { mean: [100, 110, 120], deviation: [50, 60, 70] } as const;
const stream = random(5, 'test/whitening');
const pixels = Uint8Array.from({ length: 40 * 8 * 7 * 3 }, (_, i) =>
  // Neighbours and channels that resemble each other, as in photographs.
  Math.min(255, 60 + ((Math.floor(i / 21) * 13) % 90) + stream.integer(80) + (i % 3) * 8),
);
const dataset = memoryDataset({
  name: 'photographs',
  pixels,
  labels: Uint32Array.from({ length: 40 }, (_, i) => i % 2),
  classNames: ['a', 'b'],
  imageShape: { height: 8, width: 7, channels: 3 },
});

describe('eigen', () => {
  it.each([1, 2, 5, 12])('takes a random symmetric matrix of size %i apart', (n) => {
    const half = Array.from({ length: n }, () => Array.from({ length: n }, () => stream.normal()));
    const matrix = half.map((row, i) => row.map((value, j) => value + half[j][i]));
    const { values, vectors } = eigen(matrix);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const product = matrix[i].reduce((sum, value, k) => sum + value * vectors[k][j], 0);
        expect(product).toBeCloseTo(values[j] * vectors[i][j], 10);
        const inner = vectors.reduce((sum, row) => sum + row[i] * row[j], 0);
        expect(inner).toBeCloseTo(Number(i === j), 10);
      }
    }
  });

  it('takes a diagonal matrix as it is, and zeros too', () => {
    expect(
      eigen([
        [3, 0],
        [0, -1],
      ]).values,
    ).toEqual([3, -1]);
    expect(
      eigen([
        [0, 0],
        [0, 0],
      ]).values,
    ).toEqual([0, 0]);
  });
});

describe('PatchWhitening2D', () => {
  const networkOf = (channels: 1 | 3) =>
    new Network({
      inputShape: [8, 7, channels],
      normalization,
      layers: [new PatchWhitening2D({ kernelSize: 2 }), new Flatten(), new Dense({ units: 2 })],
    });
  const network = networkOf(3);
  const kernelOf = (of: Network) =>
    initialWeights(of.parameters, 1, { dataset, normalization, channels: of.inputShape[2] }).get(
      'patch_whitening2d/kernel',
    )!;
  const kernel = kernelOf(network);

  /** A pixel as the network sees it. */
  const seen = (place: number, channel: number, channels: 1 | 3): number => {
    const value = (each: number) =>
      (pixels[3 * place + each] - normalization.mean[each]) / normalization.deviation[each];
    return channels === 3 ? value(channel) : 0.299 * value(0) + 0.587 * value(1) + 0.114 * value(2);
  };

  it.each([3, 1] as const)(
    'gives patches whose directions are uncorrelated and of deviation 1: %d channels',
    (channels) => {
      // kernel: (2, 2, channels, 8 · channels)
      const cells = 4 * channels;
      const own = kernelOf(networkOf(channels));
      const moments = Array.from({ length: cells }, () => new Float64Array(cells));
      let count = 0;
      for (let image = 0; image < 40; image++) {
        for (let top = 0; top < 7; top++) {
          for (let left = 0; left < 6; left++) {
            const out = new Float64Array(cells);
            for (let cell = 0; cell < cells; cell++) {
              const pixel = Math.floor(cell / channels);
              const [row, column] = [Math.floor(pixel / 2), pixel % 2];
              const value = seen((image * 8 + top + row) * 7 + left + column, cell % channels, channels);
              for (let filter = 0; filter < cells; filter++)
                out[filter] += value * own[cell * 2 * cells + filter];
            }
            for (let a = 0; a < cells; a++) for (let b = 0; b < cells; b++) moments[a][b] += out[a] * out[b];
            count++;
          }
        }
      }
      moments.forEach((row, a) => {
        row.forEach((value, b) => {
          if (a !== b) expect(Math.abs(value / count)).toBeLessThan(1e-3);
          // A little below 1, by the number added to the variance.
          else expect(value / count).toBeGreaterThan(0.9);
          if (a === b) expect(value / count).toBeLessThan(1.0001);
        });
      });
    },
  );

  it('has every direction a second time with the sign turned', () => {
    for (let cell = 0; cell < 12; cell++) {
      for (let filter = 0; filter < 12; filter++) {
        expect(kernel[cell * 24 + 12 + filter]).toBe(-kernel[cell * 24 + filter]);
      }
    }
  });

  it('keeps its kernel in training and learns its offsets', () => {
    const spec = (name: string) =>
      network.parameters.find((each) => each.name === `patch_whitening2d/${name}`)!;
    expect(spec('kernel').trainable).toBe(false);
    expect(spec('bias').trainable).toBe(true);
    expect(spec('kernel').shape).toEqual([2, 2, 3, 24]);
  });

  it('is refused where it is not the first layer', () => {
    const later = new Network({
      inputShape: [8, 7, 3],
      layers: [
        new Conv2D({ filters: 4, kernelSize: 3 }),
        new PatchWhitening2D(),
        new Flatten(),
        new Dense({ units: 2 }),
      ],
    });
    expect(() => initialWeights(later.parameters, 1, { dataset, normalization })).toThrow(
      'patch_whitening2d/kernel: PatchWhitening2D must be the first layer: expected 3 channels, those of the images, received 4',
    );
    expect(
      () =>
        new Network({
          inputShape: [2, 2, 3],
          layers: [new PatchWhitening2D({ kernelSize: 3 }), new Flatten()],
        }),
    ).toThrow('the patches are larger than the images');
  });
});

it('dirac: the first filters copy the channels, the others are drawn', () => {
  const network = new Network({
    inputShape: [8, 7, 3],
    layers: [
      new Conv2D({ filters: 5, kernelSize: [3, 2], kernelInitializer: 'dirac' }),
      new Flatten(),
      new Dense({ units: 2 }),
    ],
  });
  const kernel = initialWeights(network.parameters, 1).get('conv2d/kernel')!;
  const at = (row: number, column: number, input: number, filter: number) =>
    kernel[((row * 2 + column) * 3 + input) * 5 + filter];
  for (let filter = 0; filter < 5; filter++) {
    let others = 0;
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 2; column++)
        for (let input = 0; input < 3; input++) {
          const value = at(row, column, input, filter);
          if (filter < 3) expect(value).toBe(Number(row === 1 && column === 0 && input === filter));
          else if (value !== 0 && Math.abs(value) < 1 / Math.sqrt(18)) others++;
        }
    if (filter >= 3) expect(others).toBe(18);
  }
});
