import { random } from '../data/random.ts';

/** Images that the axes are found by; all are placed on them. */
const MOST_FITTED = 4_000;
const MOST_STEPS = 60;
/** The axes stand when a step turns them by no more than this. */
const TOLERANCE = 1e-4;

/**
 * Where images lie in a plane: their features along the two directions in which they vary most (principal components,
 * by orthogonal iteration; Golub and Van Loan, "Matrix Computations", §8.2).
 *
 * @param features float32 `[images, size]`
 * @returns float32 `[images, 2]`, each axis scaled so that its farthest image lies at ±1
 */
export function planeOf(features: Float32Array, size: number, seed: number): Float32Array {
  const images = features.length / size;
  const points = new Float32Array(images * 2);
  if (images < 2) return points;
  const fitted = Math.min(images, MOST_FITTED);
  const rows = Array.from({ length: fitted }, (_, i) => Math.floor((i * images) / fitted) * size);
  const mean = new Float64Array(size);
  for (const row of rows) for (let j = 0; j < size; j++) mean[j] += features[row + j] / fitted;
  const draws = random(seed, 'plane');
  let axes = [0, 1].map(() => Float64Array.from({ length: size }, () => draws.normal()));
  orthonormalize(axes);
  for (let step = 0; step < MOST_STEPS; step++) {
    const next = axes.map(() => new Float64Array(size));
    for (const row of rows) {
      for (let a = 0; a < 2; a++) {
        const along = scoreOf(features, row, mean, axes[a]);
        for (let j = 0; j < size; j++) next[a][j] += along * (features[row + j] - mean[j]);
      }
    }
    orthonormalize(next);
    const turned = Math.max(...next.map((axis, a) => 1 - Math.abs(dot(axis, axes[a]))));
    axes = next;
    if (turned < TOLERANCE) break;
  }
  for (let a = 0; a < 2; a++) {
    let farthest = 0;
    for (let image = 0; image < images; image++) {
      const score = scoreOf(features, image * size, mean, axes[a]);
      points[2 * image + a] = score;
      if (Math.abs(score) > Math.abs(farthest)) farthest = score;
    }
    // Either sign is right: the farthest image decides, so that the same images always give the same plane.
    if (farthest !== 0) for (let i = a; i < points.length; i += 2) points[i] /= farthest;
  }
  return points;
}

function scoreOf(features: Float32Array, row: number, mean: Float64Array, axis: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < axis.length; j++) sum += (features[row + j] - mean[j]) * axis[j];
  return sum;
}

/** Makes the second direction stand at a right angle to the first, and both of length 1. */
function orthonormalize([first, second]: readonly Float64Array[]): void {
  scale(first);
  const along = dot(first, second);
  for (let j = 0; j < second.length; j++) second[j] -= along * first[j];
  scale(second);
}

function scale(axis: Float64Array): void {
  const length = Math.sqrt(dot(axis, axis));
  if (length > 0) for (let j = 0; j < axis.length; j++) axis[j] /= length;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}
