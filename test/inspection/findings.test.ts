/** The parts of an inspection on planted faults, small enough to be known beforehand. */
import { describe, expect, it } from 'vitest';
import { memoryDataset } from '../../src/data/memory.ts';
import { random } from '../../src/data/random.ts';
import { confidentLearning } from '../../src/inspection/label-issues.ts';
import { nearDuplicates } from '../../src/inspection/near-duplicates.ts';
import { nearestNeighbours } from '../../src/inspection/neighbours.ts';
import { outliersOf } from '../../src/inspection/outliers.ts';
import { errorAt, fitPowerLaw } from '../../src/inspection/power-law.ts';
import { blurLimit, pixelQuality, qualityIssues } from '../../src/inspection/quality.ts';
import { rotationCheck, turned } from '../../src/inspection/rotation.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { clusters } from './planted.ts';

const runtime = nodeRuntime();

describe('confident learning', () => {
  it('does by hand what the paper says', () => {
    // Thresholds: of class 0 the mean of 0.9, 0.8, 0.1 is 0.6; of class 1 that of 0.7, 0.9, 0.35 is 0.65.
    const probabilities = Float32Array.from([
      ...[0.9, 0.1, 0.8, 0.2, 0.1, 0.9],
      ...[0.3, 0.7, 0.1, 0.9, 0.65, 0.35],
    ]);
    const { issues, noise } = confidentLearning(probabilities, [0, 0, 0, 1, 1, 1], 2);
    expect(issues.map(({ image, suggested }) => [image, suggested])).toEqual([
      [2, 1],
      [5, 0],
    ]);
    // The joint has 2 and 1 in its first row, 1 and 2 in its second.
    expect(noise).toBeCloseTo(1 / 3, 12);
  });

  it('leaves out images that were never held out, and classes that reach no threshold', () => {
    const probabilities = Float32Array.from([0.9, 0.1, Number.NaN, Number.NaN, 0.45, 0.55]);
    const { issues, images } = confidentLearning(probabilities, [0, 1, 0], 2);
    expect(images).toBe(2);
    expect(issues).toEqual([]);
  });
});

describe('nearest neighbours', () => {
  it('are those of a plain loop, and never the image itself', async () => {
    const { features, size } = clusters({ perClass: 40 });
    const images = features.length / size;
    const { count, indices, cosines } = await nearestNeighbours(runtime, features, size, 5);
    expect(count).toBe(5);
    const mean = Array.from({ length: size }, (_, i) => {
      let sum = 0;
      for (let image = 0; image < images; image++) sum += features[image * size + i] / images;
      return sum;
    });
    const row = (image: number) => mean.map((value, i) => features[image * size + i] - value);
    for (const image of [0, 77, 128, 159]) {
      const own = row(image);
      const expected = Array.from({ length: images }, (_, other) => {
        const there = row(other);
        const product = own.reduce((sum, value, i) => sum + value * there[i], 0);
        return { other, cosine: product / Math.hypot(...own) / Math.hypot(...there) };
      })
        .filter(({ other }) => other !== image)
        .sort((a, b) => b.cosine - a.cosine)
        .slice(0, 5);
      const found = indices.subarray(image * 5, image * 5 + 5);
      expect([...found]).toEqual(expected.map(({ other }) => other));
      expected.forEach(({ cosine }, i) => {
        expect(cosines[image * 5 + i]).toBeCloseTo(cosine, 4);
      });
    }
  });

  it('are fewer where there are fewer images', async () => {
    const features = Float32Array.from([1, 0, 0, 1, -1, -1]);
    expect((await nearestNeighbours(runtime, features, 2, 10)).count).toBe(2);
    expect((await nearestNeighbours(runtime, features.subarray(0, 2), 2, 10)).count).toBe(0);
  });
});

describe('outliers', () => {
  it('are the planted images, also where two of them are copies', async () => {
    const { features, size } = clusters({ apart: 8, spread: 0.5 });
    const planted = [17, 101, 102];
    const stream = random(5, 'test-outlier');
    for (const image of [17, 101]) {
      for (let i = 0; i < size; i++) features[image * size + i] = 6 * stream.normal();
    }
    features.copyWithin(102 * size, 101 * size, 102 * size);
    const found = outliersOf(await nearestNeighbours(runtime, features, size, 10)).map(({ image }) => image);
    expect(found.slice(0, 3).sort((a, b) => a - b)).toEqual(planted);
  });
});

describe('the power law', () => {
  it('is found again from its errors', () => {
    const law = { floor: 0.04, scale: 1.2, exponent: 0.5 };
    const points = [50, 100, 200, 400, 800].map((images) => ({
      images,
      error: errorAt(law, images),
      weight: 1,
    }));
    expect(errorAt(fitPowerLaw(points), 1600)).toBeCloseTo(errorAt(law, 1600), 3);
  });

  it('does not rise where errors do', () => {
    const law = fitPowerLaw([10, 20, 40].map((images, i) => ({ images, error: 0.1 + 0.01 * i, weight: 1 })));
    expect(errorAt(law, 80)).toBeLessThanOrEqual(errorAt(law, 40));
  });
});

/** A grey texture with edges, the same for a seed. */
function texture(seed: number, side = 64): Uint8Array {
  const stream = random(seed, 'test-texture');
  const blocks = Array.from({ length: 64 }, () => 40 + 170 * stream.uniform());
  return Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    return blocks[Math.floor((8 * y) / side) * 8 + Math.floor((8 * x) / side)];
  });
}

/** The mean over a square of pixels, `times` over. */
function blurred(pixels: Uint8Array, side: number, times: number): Uint8Array {
  let from = pixels;
  for (let i = 0; i < times; i++) {
    const before = from;
    const at = (x: number, y: number, c: number) =>
      before[3 * (Math.min(side - 1, Math.max(0, y)) * side + Math.min(side - 1, Math.max(0, x))) + c];
    from = Uint8Array.from(pixels, (_, k) => {
      const [c, x, y] = [k % 3, Math.floor(k / 3) % side, Math.floor(k / 3 / side)];
      let sum = 0;
      for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) sum += at(x + dx, y + dy, c);
      return sum / 25;
    });
  }
  return from;
}

describe('poor photos', () => {
  const shape = { height: 64, width: 64, channels: 3 };
  const sharp = Array.from({ length: 12 }, (_, i) => texture(i));
  const limit = blurLimit(sharp.map((pixels) => pixelQuality(pixels, shape).blur));
  const issues = (pixels: Uint8Array, shorter?: number) =>
    qualityIssues(pixelQuality(pixels, shape), limit, 64, shorter);

  it('have names for what is wrong, and good ones none', () => {
    for (const pixels of sharp) expect(issues(pixels, 500)).toEqual([]);
    expect(issues(blurred(sharp[0], 64, 4))).toEqual(['blurred']);
    expect(issues(sharp[0].map((value) => value / 5))).toEqual(['dark']);
    expect(issues(sharp[0].map((value) => 205 + value / 5))).toEqual(['bright']);
    expect(issues(new Uint8Array(64 * 64 * 3).fill(128))).toEqual(['plain']);
    expect(issues(sharp[0], 31)).toEqual(['tiny']);
    expect(issues(sharp[0], 32)).toEqual([]);
  });
});

describe('near-duplicates', () => {
  it('are told apart by their pixels, and found by features where these differ', async () => {
    const { features, labels, classNames, size } = clusters({ perClass: 20, apart: 2, size: 64 });
    const shape = { height: 32, width: 36, channels: 3 };
    const bytes = 32 * 36 * 3;
    const pixels = new Uint8Array(labels.length * bytes);
    for (let image = 0; image < labels.length; image++) {
      pixels.set(texture(100 + image, 36).subarray(0, bytes), image * bytes);
    }
    const copy = (from: number, to: number) =>
      pixels.copyWithin(to * bytes, from * bytes, (from + 1) * bytes);
    copy(3, 40);
    copy(5, 50);
    for (let i = 50 * bytes; i < 51 * bytes; i++) pixels[i] = Math.min(255, pixels[i] + 6);
    for (let i = 0; i < size; i++) features[61 * size + i] = 1.05 * features[7 * size + i];
    const small = memoryDataset({ name: 'small', classNames, imageShape: shape, labels, pixels, hash: '' });
    const neighbours = await nearestNeighbours(runtime, features, size, 10);
    const counts = classNames.map(() => 20);
    expect(nearDuplicates(small, neighbours, counts, () => {})).toEqual([
      { kind: 'exact', images: [3, 40] },
      { kind: 'near', images: [5, 50] },
      { kind: 'alike', images: [7, 61] },
    ]);
  });
});

describe('the check for turned photos', () => {
  const side = 16;
  /** Bright above and dark below, with noise: such photos stand upright. Without a slope they do not. */
  const photo = (seed: number, slope: number): Uint8Array => {
    const stream = random(seed, 'test-photo');
    return Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const y = Math.floor(i / 3 / side);
      return Math.min(255, Math.max(0, 128 + slope * (side / 2 - y) + 25 * stream.normal()));
    });
  };
  /** Brightness of 4 × 4 fields. */
  const featuresOf = async (pixels: Uint8Array): Promise<Float32Array> => {
    const bytes = side * side * 3;
    const features = new Float32Array((pixels.length / bytes) * 16);
    for (let i = 0; i < pixels.length; i += 3) {
      const [image, place] = [Math.floor(i / bytes), (i % bytes) / 3];
      const [x, y] = [place % side, Math.floor(place / side)];
      features[image * 16 + Math.floor(y / 4) * 4 + Math.floor(x / 4)] += pixels[i] / 16 / 255;
    }
    return features;
  };
  const check = async (images: Uint8Array[]) => {
    const features = new Float32Array(images.length * 16);
    for (const [i, pixels] of images.entries()) features.set(await featuresOf(pixels), i * 16);
    const pixelsOf = (image: number) => images[image];
    return rotationCheck({ runtime, features, size: 16, side, seed: 1, pixelsOf, featuresOf });
  };

  it('finds those that are turned, and by how much', async () => {
    const images = Array.from({ length: 120 }, (_, i) => photo(i, 8));
    for (const [image, quarters] of [
      [10, 1],
      [44, 2],
      [90, 3],
    ])
      images[image] = turned(images[image], side, quarters);
    const found = await check(images);
    expect(found.isReliable).toBe(true);
    expect(found.recognised).toBeGreaterThan(0.9);
    const turns = found.rotated.map(({ image, turn }) => [image, turn]).sort(([a], [b]) => a - b);
    expect(turns).toEqual([
      [10, 270],
      [44, 180],
      [90, 90],
    ]);
  });

  it('says nothing of photos without an upright side', async () => {
    const images = Array.from({ length: 120 }, (_, i) => photo(i, 0));
    const found = await check(images);
    expect(found).toMatchObject({ isReliable: false, rotated: [] });
    expect(found.recognised).toBeLessThan(0.6);
  });

  it('turns clockwise', () => {
    const pixels = Uint8Array.from([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
    const first = (quarters: number) => [...turned(pixels, 2, quarters)].filter((_, i) => i % 3 === 0);
    expect([first(1), first(2), first(3)]).toEqual([
      [3, 1, 4, 2],
      [4, 3, 2, 1],
      [2, 4, 1, 3],
    ]);
  });
});
