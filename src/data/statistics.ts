import { type Dataset, imageBytes } from './dataset.ts';

/** Number of images of each class. */
export function classCounts({ labels, classNames }: Pick<Dataset, 'labels' | 'classNames'>): Uint32Array {
  const counts = new Uint32Array(classNames.length);
  for (const label of labels) counts[label]++;
  return counts;
}

/** Per channel, over every pixel of every image, on the scale 0–255. */
export interface ChannelStatistics {
  /** Mean of each channel, in units of 0 to 255. */
  readonly mean: readonly number[];
  /** Population standard deviation. */
  readonly standardDeviation: readonly number[];
}

/** Mean and standard deviation of each channel. Reads the data set once, a few images at a time. */
export function channelStatistics(dataset: Dataset): ChannelStatistics {
  const { channels } = dataset.imageShape;
  const bytes = imageBytes(dataset.imageShape);
  // About a megabyte at a time, so that a data set larger than memory works.
  const chunk = Math.max(1, Math.floor(2 ** 20 / bytes));
  const pixels = new Uint8Array(chunk * bytes);
  // Integers below 2⁵³ all the way: exact, whatever the order.
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let start = 0; start < dataset.size; start += chunk) {
    const count = Math.min(chunk, dataset.size - start);
    dataset.gather(
      Uint32Array.from({ length: count }, (_, i) => start + i),
      pixels,
    );
    for (let i = 0; i < count * bytes; i += channels) {
      for (let c = 0; c < channels; c++) {
        const value = pixels[i + c];
        sums[c] += value;
        squares[c] += value * value;
      }
    }
  }
  const count = (dataset.size * bytes) / channels;
  const mean = Array.from(sums, (sum) => sum / count);
  const standardDeviation = mean.map((m, c) => Math.sqrt(Math.max(0, squares[c] / count - m * m)));
  return { mean, standardDeviation };
}
