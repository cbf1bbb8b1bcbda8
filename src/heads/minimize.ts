/** A smooth function and its gradient at a point. */
export interface Slope {
  readonly value: number;
  readonly gradient: Float32Array;
}

export interface MinimizeOptions {
  /** Done when no component of the gradient is larger than this. */
  readonly tolerance: number;
  /** Steps at most. */
  readonly maxSteps: number;
}

/** Where a minimisation ended. */
export interface Minimum extends Slope {
  readonly point: Float32Array;
  readonly steps: number;
}

/** Pairs of steps and changes of the gradient that stand for the curvature. */
const MEMORY = 10;
/** Armijo's condition: the fraction of the promised decrease that a step must keep. */
const DECREASE = 1e-4;
/** What float32 loses of a value that is a sum. */
const ROUNDING = 1e-6;
/** Halvings of a step until nothing smaller is tried. */
const MOST_TRIALS = 20;

interface Pair {
  readonly step: Float32Array;
  readonly change: Float32Array;
  /** 1 / (step · change). */
  readonly scale: number;
}

/**
 * The minimum of a smooth convex function by L-BFGS (D. C. Liu and J. Nocedal, "On the limited memory BFGS method for
 * large scale optimization", 1989), with backtracking. Near the minimum, where
 * float32 shows no decrease of the value any more, the gradient decides.
 *
 * @param evaluate gives value and gradient at a point, which it does not keep
 * @param from the first point; it is not changed
 */
export async function minimize(
  evaluate: (point: Float32Array) => Promise<Slope>,
  from: Float32Array,
  { tolerance, maxSteps }: MinimizeOptions,
): Promise<Minimum> {
  let point: Float32Array = from.slice();
  let here = await evaluate(point);
  const pairs: Pair[] = [];
  let steps = 0;
  while (steps < maxSteps && largest(here.gradient) > tolerance) {
    const direction = descent(here.gradient, pairs);
    const slope = dot(direction, here.gradient);
    // Without curvature the length of a step is a guess; with it, 1 is nearly always right.
    let length = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    let next: { point: Float32Array; slope: Slope } | undefined;
    for (let trial = 0; trial < MOST_TRIALS && !next; trial++) {
      const there = moved(point, direction, length);
      const found = await evaluate(there);
      const decreases = found.value <= here.value + DECREASE * length * slope;
      if (decreases || flattens(here, found, direction, slope)) next = { point: there, slope: found };
      else length *= shorter(here.value, slope, length, found.value);
    }
    if (!next) break;
    const pair = pairOf(point, next.point, here.gradient, next.slope.gradient);
    if (pair) pairs.push(pair);
    if (pairs.length > MEMORY) pairs.shift();
    point = next.point;
    here = next.slope;
    steps++;
  }
  return { ...here, point, steps };
}

/** Whether values differ by rounding alone, and the slope along the direction has become less. */
function flattens(here: Slope, found: Slope, direction: Float64Array, slope: number): boolean {
  if (found.value > here.value + ROUNDING * Math.abs(here.value)) return false;
  return Math.abs(dot(direction, found.gradient)) < 0.9 * Math.abs(slope);
}

/** The direction −H·gradient, by the two loops over the pairs. */
function descent(gradient: Float32Array, pairs: readonly Pair[]): Float64Array {
  const direction = Float64Array.from(gradient, (value) => -value);
  const parts: number[] = [];
  for (const { step, change, scale } of [...pairs].reverse()) {
    const part = scale * dot(direction, step);
    addScaled(direction, change, -part);
    parts.unshift(part);
  }
  const last = pairs.at(-1);
  if (last) {
    const factor = 1 / (last.scale * dot(last.change, last.change));
    for (let i = 0; i < direction.length; i++) direction[i] *= factor;
  }
  pairs.forEach(({ step, change, scale }, i) => {
    addScaled(direction, step, parts[i] - scale * dot(direction, change));
  });
  return direction;
}

/** How much shorter the next trial is: to the minimum of the parabola through what is known, within bounds. */
function shorter(value: number, slope: number, length: number, found: number): number {
  if (!Number.isFinite(found)) return 0.1;
  const best = (-slope * length) / (2 * (found - value - slope * length));
  return Math.min(0.5, Math.max(0.1, best));
}

/** Undefined where the function does not curve upwards, as rounding may make it seem. */
function pairOf(
  before: Float32Array,
  after: Float32Array,
  gradientBefore: Float32Array,
  gradientAfter: Float32Array,
): Pair | undefined {
  const step = after.map((value, i) => value - before[i]);
  const change = gradientAfter.map((value, i) => value - gradientBefore[i]);
  const product = dot(step, change);
  const isCurved = product > 1e-10 * Math.sqrt(dot(step, step) * dot(change, change));
  return isCurved ? { step, change, scale: 1 / product } : undefined;
}

function moved(point: Float32Array, direction: Float64Array, length: number): Float32Array {
  return point.map((value, i) => value + length * direction[i]);
}

function largest(values: Float32Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addScaled(to: Float64Array, values: Float32Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i] += factor * values[i];
}
