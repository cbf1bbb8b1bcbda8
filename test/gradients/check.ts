/** Compares gradients that a runtime computes in float32 with central differences of the float64 reference. */
import { random } from '../../src/data/random.ts';
import { elementCount, float32, modelOf, numbersOf, type Tensor } from '../../src/onnx/index.ts';
import type { Target } from '../../src/passes/index.ts';
import type { Runtime, Tensors } from '../../src/runtime/index.ts';
import type { OracleTensor } from '../oracle/index.ts';
import { feedsOf, gradientName, loweredGradientGraph, type Problem } from './problem.ts';

/** Of everything random here; printed with every failure. */
export const SEED = 1;
/** Truncation costs about the square of this, rounding about 1e-16 divided by it. */
const STEP = 1e-5;
const TOLERANCE = 1e-5;
/** Largest number of inputs or outputs for which the Jacobian is compared in full; beyond, random projections are. */
const FULL = 100;
const PROJECTIONS = 4;

/** @returns what is wrong, one line each; nothing when all is right */
export async function checkGradients(
  problem: Problem,
  runtime: Runtime,
  target: Target = 'cpu',
): Promise<string[]> {
  const { inputs, wrt, reference, tolerance = TOLERANCE } = problem;
  const y = reference(inputs);
  const executable = await runtime.compile(modelOf(loweredGradientGraph(problem, target)));
  const feeds = feedsOf(problem);
  const run = (weights: Float64Array) =>
    executable.step({ ...feeds, weights: float32(y.dims, Float32Array.from(weights)) });
  const faults: string[] = [];
  const report = (what: string, error: number, scale: number): void => {
    if (error <= tolerance * scale) return;
    faults.push(
      `${problem.name}: ${what} is off by ${error} at a size of ${scale} (target ${target}, seed ${SEED})`,
    );
  };
  try {
    const first = await run(normal(y.data.length, 'forward'));
    report('the output', largestDifference(numbersOf(first.y), y.data), largest(y.data) || 1);
    for (const i of wrt) {
      const expected = inputs[i]!.dims;
      const { dims } = first[gradientName(i)];
      if (`${dims}` !== `${expected}`)
        faults.push(`${problem.name}: gradient ${i} is [${dims}], not [${expected}]`);
    }
    const variables = wrt.reduce((total, i) => total + inputs[i]!.data.length, 0);
    if (variables <= FULL && y.data.length <= FULL)
      await compareJacobians(problem, run, y.data.length, report);
    else await compareProjections(problem, run, y.data.length, report);
  } finally {
    await executable.dispose();
  }
  return faults;
}

/** The gradients themselves, in the order of `wrt`, of Σ y · weights. */
export async function gradientsOf(
  problem: Problem,
  runtime: Runtime,
  weights: readonly number[],
  target: Target = 'cpu',
): Promise<number[][]> {
  const { dims } = problem.reference(problem.inputs);
  const executable = await runtime.compile(modelOf(loweredGradientGraph(problem, target)));
  try {
    const outputs = await executable.step({ ...feedsOf(problem), weights: float32(dims, weights) });
    return problem.wrt.map((i) => numbersOf(outputs[gradientName(i)]));
  } finally {
    await executable.dispose();
  }
}

type Run = (weights: Float64Array) => Promise<Tensors>;
type Report = (what: string, error: number, scale: number) => void;

/** Every ∂y[o] / ∂x[j]. */
async function compareJacobians(
  { inputs, wrt, reference }: Problem,
  run: Run,
  outputs: number,
  report: Report,
) {
  const columns = wrt.map((i) =>
    Array.from(inputs[i]!.data, (_, j) => {
      const direction = new Float64Array(inputs[i]!.data.length);
      direction[j] = 1;
      return slope(reference, inputs, i, direction);
    }),
  );
  const scales = columns.map((column) => Math.max(0, ...column.map(largest)) || 1);
  for (let o = 0; o < outputs; o++) {
    const unit = new Float64Array(outputs);
    unit[o] = 1;
    const rows = await run(unit);
    wrt.forEach((i, k) => {
      const expected = Float64Array.from(columns[k], (column) => column[o]);
      const actual = numbersOf(rows[gradientName(i)]);
      report(
        `∂y[${o}]/∂x${i} = [${actual}], not [${expected}]:`,
        largestDifference(actual, expected),
        scales[k],
      );
    });
  }
}

/** Σ weights · ∂y/∂x · direction, for random weights and directions. */
async function compareProjections(
  { inputs, wrt, reference }: Problem,
  run: Run,
  outputs: number,
  report: Report,
) {
  for (let p = 0; p < PROJECTIONS; p++) {
    const weights = normal(outputs, 'weights', p).map(Math.fround);
    const gradients = await run(weights);
    for (const i of wrt) {
      const direction = normal(inputs[i]!.data.length, 'direction', i, p);
      const gradient = Float64Array.from(numbersOf(gradients[gradientName(i)]));
      const expected = dot(slope(reference, inputs, i, direction), weights);
      const size = Math.sqrt(dot(gradient, gradient)) || 1;
      report(`projection ${p} of the gradient for x${i}`, distance(dot(gradient, direction), expected), size);
    }
  }
}

/** dy / dt of x[i] + t · direction at t = 0. */
function slope(
  reference: Problem['reference'],
  inputs: readonly (OracleTensor | undefined)[],
  i: number,
  direction: Float64Array,
): Float64Array {
  const moved = (t: number): Float64Array => {
    const data = inputs[i]!.data.map((value, j) => value + t * direction[j]);
    return reference(inputs.with(i, { dims: inputs[i]!.dims, data })).data;
  };
  const [after, before] = [moved(STEP), moved(-STEP)];
  return after.map((value, o) => (value - before[o]) / (2 * STEP));
}

export function normal(count: number, purpose: string, ...counters: number[]): Float64Array {
  const stream = random(SEED, `gradients/${purpose}`, ...counters);
  return Float64Array.from({ length: count }, () => stream.normal());
}

/** Normally distributed numbers, times `scale`. */
export function normalTensor(purpose: string, dims: readonly number[], scale = 1): Tensor {
  return float32(
    dims,
    Float32Array.from(normal(elementCount(dims), purpose), (value) => scale * value),
  );
}

export function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

/** Infinity where either is no number. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Array.from(actual).reduce((max, value, i) => Math.max(max, distance(value, expected[i])), 0);
}

function distance(a: number, b: number): number {
  if (a === b) return 0;
  const gap = Math.abs(a - b);
  return Number.isFinite(gap) ? gap : Number.POSITIVE_INFINITY;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
