import type { Dataset } from '../../src/data/dataset.ts';
import { memoryDataset } from '../../src/data/memory.ts';
import { random } from '../../src/data/random.ts';

/** Small coloured images with noise, three classes; the same for the same seed. */
export function images(count: number, height: number, width: number, seed = 1): Dataset {
  const stream = random(seed, 'test/pictures');
  const labels = Array.from({ length: count }, (_, i) => i % 3);
  const size = height * width * 3;
  const pixels = Uint8Array.from({ length: count * size }, (_, i) => {
    const own = i % 3 === labels[Math.floor(i / size)];
    return (own ? 110 : 60) + stream.integer(140);
  });
  return memoryDataset({
    name: `images ${seed}`,
    classNames: ['red', 'green', 'blue'],
    imageShape: { height, width, channels: 3 },
    labels,
    pixels,
  });
}

/** A batch of a data set: pixels, labels and one-hot targets. */
export function batchOf(dataset: Dataset, indices: readonly number[]) {
  const { height, width } = dataset.imageShape;
  const classes = dataset.classNames.length;
  const pixels = new Uint8Array(indices.length * height * width * 3);
  dataset.gather(indices, pixels);
  const labels = indices.map((index) => dataset.labels[index]);
  const targets = new Float32Array(indices.length * classes);
  labels.forEach((label, i) => {
    targets[i * classes + label] = 1;
  });
  return { pixels, labels, targets };
}

/** ‖a − b‖ / ‖b‖. */
export function relativeDistance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(size), 1e-12);
}
