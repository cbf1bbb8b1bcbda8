import { type Dataset, imageBytes } from '../data/dataset.ts';
import { LUMA } from '../data/luma.ts';
import { HarrierError } from '../errors.ts';
import type { ParameterSpec } from '../layers/index.ts';
import type { Normalization } from './network.ts';

/** Images that patches are taken from. */
const IMAGES = 5000;
/** Added to variances, for directions in which patches hardly differ. */
const EPSILON = 5e-4;

/** What weights that depend on the data are found from. */
export interface WeightData {
  readonly dataset: Dataset;
  readonly normalization: Normalization;
  /** Channels of the images that the network takes; default: as many as these have. */
  readonly channels?: number;
}

/**
 * The kernel of PatchWhitening2D, in Keras's layout: over all patches p of the images, with E[p·pᵀ] = V·Λ·Vᵀ, the
 * filters are the columns of V, each over √(λ + ε), in falling order of λ, then the same with the sign turned.
 *
 * @throws HarrierError `bad-shape` when the layer is not the first
 */
export function patchWhitening({ name, shape }: ParameterSpec, data: WeightData): Float32Array {
  const [size, , channels, filters] = shape;
  // A network of grey images takes the brightness of coloured ones.
  const { channels: wanted = data.dataset.imageShape.channels } = data;
  if (channels !== wanted) {
    throw new HarrierError('bad-shape', 'PatchWhitening2D must be the first layer', {
      where: name,
      expected: `${wanted} channels, those of the images`,
      received: `${channels}`,
    });
  }
  const cells = size * size * channels;
  const { values, vectors } = eigen(secondMoments(data, size, channels));
  const order = values.map((_, i) => i).sort((a, b) => values[b] - values[a]);
  const kernel = new Float32Array(cells * filters);
  order.forEach((from, to) => {
    const length = Math.sqrt(Math.max(0, values[from]) + EPSILON);
    for (let cell = 0; cell < cells; cell++) {
      const value = vectors[cell][from] / length;
      kernel[cell * filters + to] = value;
      kernel[cell * filters + to + cells] = -value;
    }
  });
  return kernel;
}

/** E[p·pᵀ] over all patches p of the first images, each in the order (row, column, channel). */
function secondMoments({ dataset, normalization }: WeightData, size: number, channels: number): number[][] {
  const { height, width, channels: stored } = dataset.imageShape;
  const cells = size * size * channels;
  const sums = new Float64Array(cells * cells);
  const pixels = new Uint8Array(imageBytes(dataset.imageShape));
  const image = new Float64Array(height * width * channels);
  const patch = new Float64Array(cells);
  const images = Math.min(IMAGES, dataset.size);
  for (let index = 0; index < images; index++) {
    dataset.gather([index], pixels);
    image.fill(0);
    for (let i = 0; i < pixels.length; i++) {
      const channel = i % stored;
      const value = (pixels[i] - normalization.mean[channel]) / normalization.deviation[channel];
      if (channels === stored) image[i] = value;
      else image[Math.floor(i / stored)] += LUMA[channel] * value;
    }
    for (let top = 0; top + size <= height; top++) {
      for (let left = 0; left + size <= width; left++) {
        for (let row = 0; row < size; row++) {
          const start = ((top + row) * width + left) * channels;
          for (let i = 0; i < size * channels; i++) patch[row * size * channels + i] = image[start + i];
        }
        for (let a = 0; a < cells; a++) {
          for (let b = a; b < cells; b++) sums[a * cells + b] += patch[a] * patch[b];
        }
      }
    }
  }
  const count = images * (height - size + 1) * (width - size + 1);
  return Array.from({ length: cells }, (_, a) =>
    Array.from({ length: cells }, (__, b) => sums[Math.min(a, b) * cells + Math.max(a, b)] / count),
  );
}

/**
 * Eigenvalues and eigenvectors (as columns) of a symmetric matrix, by Jacobi's rotations: each takes one element
 * beside the diagonal to zero, until none is left that counts (Golub and Van Loan, "Matrix computations", 8.5).
 */
export function eigen(symmetric: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const n = symmetric.length;
  const a = symmetric.map((row) => [...row]);
  const vectors = a.map((_, i) => a.map((__, j) => Number(i === j)));
  const size = Math.hypot(...a.flat());
  for (let sweep = 0; sweep < 100; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off = Math.hypot(off, a[p][q]);
    if (off <= 1e-14 * size) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotate(a, vectors, p, q);
    }
  }
  return { values: a.map((row, i) => row[i]), vectors };
}

function rotate(a: number[][], vectors: number[][], p: number, q: number): void {
  if (a[p][q] === 0) return;
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  const turn = (x: number, y: number): [number, number] => [cosine * x - sine * y, sine * x + cosine * y];
  for (let i = 0; i < a.length; i++) [a[i][p], a[i][q]] = turn(a[i][p], a[i][q]);
  for (let i = 0; i < a.length; i++) [a[p][i], a[q][i]] = turn(a[p][i], a[q][i]);
  for (const row of vectors) [row[p], row[q]] = turn(row[p], row[q]);
}
