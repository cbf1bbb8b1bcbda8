/** Activation functions, and the two that look along an axis: Softmax and LogSoftmax. */
import { erf } from './elementwise.ts';
import {
  type Attributes,
  atBroadcast,
  build,
  map,
  normalizeAxis,
  number,
  type OracleOp,
  type OracleTensor,
  offsetOf,
  only,
  positions,
  required,
  sizeOf,
  text,
} from './tensor.ts';

/** An activation whose parameters are number attributes with the defaults given. */
const activation =
  (
    defaults: Record<string, number>,
    f: (x: number, parameters: Record<string, number>) => number,
  ): OracleOp =>
  (inputs, attributes) => {
    const parameters: Record<string, number> = {};
    for (const [name, fallback] of Object.entries(defaults))
      parameters[name] = number(attributes, name, fallback);
    return [map(required(inputs, 0), (x) => f(x, parameters))];
  };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** ln(1 + eˣ), which for large x is x itself where eˣ would overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

function gelu(x: number, approximate: string): number {
  if (approximate === 'tanh')
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** log(softmax) along one axis, with the maximum taken out so that no exponential overflows. */
export function logSoftmax(x: OracleTensor, axis: number): OracleTensor {
  const groupDims = x.dims.map((dim, i) => (i === axis ? 1 : dim));
  const group = (position: number[]): number => offsetOf(position.with(axis, 0), groupDims);
  const maxima = new Float64Array(sizeOf(groupDims)).fill(Number.NEGATIVE_INFINITY);
  const sums = new Float64Array(sizeOf(groupDims));
  let i = 0;
  for (const position of positions(x.dims))
    maxima[group(position)] = Math.max(maxima[group(position)], x.data[i++]);
  i = 0;
  for (const position of positions(x.dims))
    sums[group(position)] += Math.exp(x.data[i++] - maxima[group(position)]);
  i = 0;
  return build(x.dims, (position) => x.data[i++] - maxima[group(position)] - Math.log(sums[group(position)]));
}

function logSoftmaxOf(inputs: readonly (OracleTensor | undefined)[], attributes: Attributes): OracleTensor {
  const x = required(inputs, 0);
  return logSoftmax(x, normalizeAxis(number(attributes, 'axis', -1), x.dims.length));
}

export const activations: Record<string, OracleOp> = {
  Relu: activation({}, (x) => Math.max(0, x)),
  LeakyRelu: activation({ alpha: 0.01 }, (x, { alpha }) => (x < 0 ? alpha * x : x)),
  /** The slope is a tensor that broadcasts to x. */
  PRelu: (inputs) => {
    const x = required(inputs, 0);
    const slope = required(inputs, 1);
    return [
      build(x.dims, (position) => {
        const value = atBroadcast(x, position);
        return value < 0 ? value * atBroadcast(slope, position) : value;
      }),
    ];
  },
  ThresholdedRelu: activation({ alpha: 1 }, (x, { alpha }) => (x > alpha ? x : 0)),
  Elu: activation({ alpha: 1 }, (x, { alpha }) => (x < 0 ? alpha * Math.expm1(x) : x)),
  Celu: activation(
    { alpha: 1 },
    (x, { alpha }) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)),
  ),
  Selu: activation(
    { alpha: 1.6732631921768188, gamma: 1.0507010221481323 },
    (x, { alpha, gamma }) => gamma * (x <= 0 ? alpha * Math.expm1(x) : x),
  ),
  Gelu: (inputs, attributes) => {
    only(attributes, 'approximate', 'none', 'none', 'tanh');
    return [map(required(inputs, 0), (x) => gelu(x, text(attributes, 'approximate', 'none')))];
  },
  Sigmoid: activation({}, sigmoid),
  Tanh: activation({}, Math.tanh),
  Softplus: activation({}, softplus),
  Softsign: activation({}, (x) => x / (1 + Math.abs(x))),
  Mish: activation({}, (x) => x * Math.tanh(softplus(x))),
  HardSigmoid: activation({ alpha: 0.2, beta: 0.5 }, (x, { alpha, beta }) =>
    Math.max(0, Math.min(1, alpha * x + beta)),
  ),
  HardSwish: activation({}, (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  Softmax: (inputs, attributes) => [map(logSoftmaxOf(inputs, attributes), Math.exp)],
  LogSoftmax: (inputs, attributes) => [logSoftmaxOf(inputs, attributes)],
};
