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
/** Floors as fractions of the lowest error. */
const FLOORS = Array.from({ length: 41 }, (_, i) => 0.025 * i);

/**
 * The power law that is nearest to measured errors by weighted squares. Errors of networks follow such laws: J. Hestness
 * et al., "Deep Learning Scaling is Predictable, Empirically", 2017 (arXiv:1712.00409).
 */
export function fitPowerLaw(points: readonly MeasuredError[]): PowerLaw {
  const lowest = Math.min(...points.map(({ error }) => error));
  const most = Math.max(...points.map(({ images }) => images));
  let best: PowerLaw = { floor: lowest, scale: 0, exponent: 1 };
  let least = Number.POSITIVE_INFINITY;
  for (const exponent of EXPONENTS) {
    for (const fraction of FLOORS) {
      const floor = fraction * lowest;
      let [products, squares] = [0, 0];
      for (const { images, error, weight } of points) {
        const power = (images / most) ** -exponent;
        products += weight * power * (error - floor);
        squares += weight * power * power;
      }
      // More images make nothing worse.
      const height = Math.max(0, products / squares);
      let distance = 0;
      for (const { images, error, weight } of points) {
        distance += weight * (floor + height * (images / most) ** -exponent - error) ** 2;
      }
      if (distance >= least) continue;
      least = distance;
      best = { floor, scale: height * most ** exponent, exponent };
    }
  }
  return best;
}

/** The error that a power law has for some number of training images. */
export function errorAt({ floor, scale, exponent }: PowerLaw, images: number): number {
  return floor + scale * images ** -exponent;
}
