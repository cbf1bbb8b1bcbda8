import { random } from '../data/random.ts';
import { HarrierError, nearestName } from '../errors.ts';
import type { ParameterSpec } from '../layers/index.ts';
import { elementCount, formatShape } from '../onnx/index.ts';
import { patchWhitening, type WeightData } from './whitening.ts';

/** Arrays by parameter name, each in Keras's layout. */
export type Weights = ReadonlyMap<string, Float32Array>;

/**
 * First values of all parameters: the same for the same seed. Fans are Keras's: a kernel (…, in, out) has a receptive
 * field of the product of the sizes before. Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998.
 *
 * @param data where weights that are found from the training images come from; without it they are 0
 */
export function initialWeights(
  parameters: readonly ParameterSpec[],
  seed: number,
  data?: WeightData,
): Weights {
  return new Map(parameters.map((spec) => [spec.name, initialize(spec, seed, data)]));
}

function initialize(spec: ParameterSpec, seed: number, data: WeightData | undefined): Float32Array {
  const { name, shape, initializer } = spec;
  if (initializer === 'patchWhitening' && data) return patchWhitening(spec, data);
  const values = new Float32Array(elementCount(shape));
  if (initializer === 'zeros' || initializer === 'patchWhitening') return values;
  if (initializer === 'ones') return values.fill(1);
  if (typeof initializer === 'object') return values.fill(initializer.constant);
  const field = elementCount(shape.slice(0, -2));
  const fanIn = field * (shape.at(-2) ?? 1);
  const fanOut = field * (shape.at(-1) ?? 1);
  const stream = random(seed, `weights/${name}`);
  const uniform = (limit: number) => {
    for (let i = 0; i < values.length; i++) values[i] = (2 * stream.uniform() - 1) * limit;
    return values;
  };
  const normal = (deviation: number) => {
    for (let i = 0; i < values.length; i++) values[i] = truncatedNormal(stream) * deviation;
    return values;
  };
  switch (initializer) {
    case 'glorotUniform':
      return uniform(Math.sqrt(6 / (fanIn + fanOut)));
    case 'heUniform':
      return uniform(Math.sqrt(6 / fanIn));
    case 'heNormal':
      return normal(Math.sqrt(2 / fanIn) / TRUNCATED_DEVIATION);
    case 'lecunNormal':
      return normal(Math.sqrt(1 / fanIn) / TRUNCATED_DEVIATION);
    case 'dirac':
      return copyingChannels(uniform(Math.sqrt(1 / fanIn)), shape);
  }
}

/** Standard deviation of a standard normal cut off at ±2, by which Keras widens its normal initialisers. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

function truncatedNormal({ normal }: { normal(): number }): number {
  let draw = normal();
  while (Math.abs(draw) > 2) draw = normal();
  return draw;
}

/** Makes the first filters of a kernel (…, in, out) copies of one input channel each. */
function copyingChannels(values: Float32Array, shape: readonly number[]): Float32Array {
  const [inputs, outputs] = shape.slice(-2);
  const field = elementCount(shape.slice(0, -2));
  const middle = shape.slice(0, -2).reduce((place, size) => place * size + Math.floor((size - 1) / 2), 0);
  for (let filter = 0; filter < Math.min(inputs, outputs); filter++) {
    for (let cell = 0; cell < field; cell++) {
      for (let input = 0; input < inputs; input++) {
        values[(cell * inputs + input) * outputs + filter] = Number(cell === middle && input === filter);
      }
    }
  }
  return values;
}

/** Writes a parameter from Keras's layout into the graph's. */
export function toGraphLayout({ layout }: ParameterSpec, keras: Float32Array, graph: Float32Array): void {
  permute(keras, layout.dims, layout.perm, (to, from) => {
    graph[to] = keras[from];
  });
}

/** Writes a parameter from the graph's layout into Keras's. */
export function toKerasLayout({ layout }: ParameterSpec, graph: Float32Array, keras: Float32Array): void {
  permute(graph, layout.dims, layout.perm, (to, from) => {
    keras[from] = graph[to];
  });
}

/** Visits every element of an array of shape `dims` in the order of its transpose. */
function permute(
  { length }: Float32Array,
  dims: readonly number[],
  perm: readonly number[],
  visit: (to: number, from: number) => void,
): void {
  const strides = dims.map((_, axis) => elementCount(dims.slice(axis + 1)));
  const sizes = perm.map((axis) => dims[axis]);
  const steps = perm.map((axis) => strides[axis]);
  const last = sizes.length - 1;
  const position = new Array<number>(sizes.length).fill(0);
  let from = 0;
  for (let to = 0; to < length; ) {
    for (let i = 0; i < sizes[last]; i++) visit(to++, from + i * steps[last]);
    for (let axis = last - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++position[axis] < sizes[axis]) break;
      from -= steps[axis] * sizes[axis];
      position[axis] = 0;
    }
  }
}

/**
 * Checks that weights belong to a network: the same names, the same sizes, and no others.
 * @throws HarrierError `bad-checkpoint` that names the first difference, and the nearest name of one that there is not
 */
export function checkWeights(parameters: readonly ParameterSpec[], weights: Weights, where: string): void {
  for (const { name, shape } of parameters) {
    const values = weights.get(name);
    if (values?.length === elementCount(shape)) continue;
    throw new HarrierError('bad-checkpoint', `these weights belong to another model: ${name}`, {
      where,
      expected: formatShape(shape),
      received: values ? `${values.length} numbers` : 'nothing',
      next: near(name, parameters, weights) ?? 'Use the recipe that they were trained with.',
    });
  }
  const names = parameters.map(({ name }) => name);
  const stranger = [...weights.keys()].find((name) => !names.includes(name));
  if (stranger === undefined) return;
  const nearest = nearestName(stranger, names);
  throw new HarrierError('bad-checkpoint', `there are no weights called "${stranger}"`, {
    where,
    next: nearest ? `Did you mean "${nearest}"?` : `There are: ${names.join(', ')}.`,
  });
}

/** A hint at a misspelt name, where the weights hold one that is like the missing one. */
function near(missing: string, parameters: readonly ParameterSpec[], weights: Weights): string | undefined {
  const known = new Set(parameters.map(({ name }) => name));
  const strangers = [...weights.keys()].filter((name) => !known.has(name));
  const like = nearestName(missing, strangers);
  return like && `Did you mean "${missing}" by "${like}"?`;
}
