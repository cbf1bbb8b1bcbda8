/** An error that falls with the number of training images: floor + scale · images^−exponent. */
export interface PowerLaw {
  readonly floor: number;
  readonly scale: number;
  readonly exponent: number;
}

/** A measured error. */
export interface MeasuredError {
  /** Training images. */
  readonly images: number;
  /** Fraction of other images that are wrong. */
  readonly error: number;
  /** How much it counts: 1 / variance. */
  readonly weight: number;
}

const EXPONENTS = Array.from({ length: 40 }, (_, i) => 0.025 * (i + 1));

/**
 * The power law that is nearest to measured errors by weighted squares. Errors of networks follow such laws: J. Hestness
 * et al., "Deep Learning Scaling is Predictable, Empirically", 2017 (arXiv:1712.00409).
 */
export function fitPowerLaw(points: readonly MeasuredError[]): PowerLaw {
  const most = Math.max(...points.map(({ images }) => images));
  let best: PowerLaw | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const exponent of EXPONENTS) {
    // For one exponent the law is a line, by whose offset and slope the squares are least.
    const line = lineThrough(
      points.map(({ images, error, weight }) => ({ x: (images / most) ** -exponent, y: error, weight })),
    );
    if (line.distance >= least) continue;
    least = line.distance;
    best = { floor: line.offset, scale: line.slope * most ** exponent, exponent };
  }
  return best!;
}

/** The line without negative offset or slope (more images make nothing worse) that is nearest to points. */
function lineThrough(points: readonly { readonly x: number; readonly y: number; readonly weight: number }[]) {
  const sum = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((total, point) => total + point.weight * of(point), 0);
  const all = sum(() => 1);
  const [meanX, meanY] = [sum(({ x }) => x) / all, sum(({ y }) => y) / all];
  let slope = sum(({ x, y }) => (x - meanX) * (y - meanY)) / (sum(({ x }) => (x - meanX) ** 2) || 1);
  let offset = meanY - slope * meanX;
  if (slope < 0) [slope, offset] = [0, meanY];
  if (offset < 0) [slope, offset] = [sum(({ x, y }) => x * y) / sum(({ x }) => x * x), 0];
  return { slope, offset, distance: sum(({ x, y }) => (offset + slope * x - y) ** 2) };
}

/** The error that a power law has for some number of training images. */
export function errorAt({ floor, scale, exponent }: PowerLaw, images: number): number {
  return floor + scale * images ** -exponent;
}
