/** Operators that work on each element alone, with NumPy's broadcasting between inputs. */
import {
  type Attributes,
  at,
  atBroadcast,
  broadcastDims,
  build,
  map,
  normalizeAxis,
  number,
  type OracleOp,
  type OracleTensor,
  required,
} from './tensor.ts';

const unary =
  (f: (x: number) => number): OracleOp =>
  (inputs) => [map(required(inputs, 0), f)];

/** Any number of inputs, all broadcast together, to one output. */
function broadcast(inputs: readonly OracleTensor[], f: (...values: number[]) => number): OracleTensor {
  const dims = broadcastDims(...inputs.map((input) => input.dims));
  return build(dims, (position) => f(...inputs.map((input) => atBroadcast(input, position))));
}

const binary =
  (f: (a: number, b: number) => number): OracleOp =>
  (inputs) => [broadcast([required(inputs, 0), required(inputs, 1)], f)];

const variadic =
  (f: (values: number[]) => number): OracleOp =>
  (inputs) => [
    broadcast(
      inputs.map((_, i) => required(inputs, i)),
      (...values) => f(values),
    ),
  ];

const total = (values: number[]): number => values.reduce((sum, value) => sum + value, 0);

/**
 * The error function, from its series with positive terms only:
 * erf(x) = 2/√π · exp(−x²) · Σₙ 2ⁿ x²ⁿ⁺¹ / (1·3·5···(2n+1)). Beyond |x| = 6 it is ±1 in float64.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-18 && term !== 0; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** To the nearest integer, halves to the even one. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** ONNX element types that Cast may be asked for (the numbers of TensorProto.DataType). */
const dataType = { float: 1, bool: 9, float16: 10, double: 11, bfloat16: 16 };

/**
 * To bool: whether it is not 0. To an integer type: cut towards zero (values outside its range are left to the
 * caller; the specification leaves them open). To a float type: unchanged, since the oracle keeps float64.
 */
function cast(x: OracleTensor, attributes: Attributes): OracleTensor {
  const to = number(attributes, 'to');
  if (to === dataType.bool) return map(x, (value) => (value !== 0 ? 1 : 0));
  const isFloat = [dataType.float, dataType.float16, dataType.double, dataType.bfloat16].includes(to);
  return isFloat ? map(x, (value) => value) : map(x, Math.trunc);
}

export const elementwise: Record<string, OracleOp> = {
  // Arithmetic. Div is the division of real numbers: integer tensors, which ONNX divides towards zero, are not meant.
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  // Of integers: the remainder has the sign of the divisor.
  Mod: binary((a, b) => a - Math.floor(a / b) * b),
  Pow: binary((a, b) => a ** b),
  Min: variadic((values) => Math.min(...values)),
  Max: variadic((values) => Math.max(...values)),
  Sum: variadic(total),
  Mean: variadic((values) => total(values) / values.length),

  // Comparisons and logic: 1 for true, 0 for false.
  Equal: binary((a, b) => Number(a === b)),
  Greater: binary((a, b) => Number(a > b)),
  GreaterOrEqual: binary((a, b) => Number(a >= b)),
  Less: binary((a, b) => Number(a < b)),
  LessOrEqual: binary((a, b) => Number(a <= b)),
  And: binary((a, b) => Number(a !== 0 && b !== 0)),
  Or: binary((a, b) => Number(a !== 0 || b !== 0)),
  Xor: binary((a, b) => Number((a !== 0) !== (b !== 0))),
  Not: unary((x) => Number(x === 0)),
  Where: (inputs) => [
    broadcast([required(inputs, 0), required(inputs, 1), required(inputs, 2)], (condition, a, b) =>
      condition !== 0 ? a : b,
    ),
  ],

  // Functions of one number.
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfToEven),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Erf: unary(erf),
  Identity: unary((x) => x),
  Cast: (inputs, attributes) => [cast(required(inputs, 0), attributes)],

  /** y = (x − zero point) · scale; one of each for all elements, or one for each place along an axis. */
  DequantizeLinear: (inputs, attributes) => {
    const x = required(inputs, 0);
    const scale = required(inputs, 1);
    const axis = normalizeAxis(number(attributes, 'axis', 1), Math.max(1, x.dims.length));
    const own = (tensor: OracleTensor | undefined, position: number[]) =>
      tensor === undefined ? 0 : tensor.data[tensor.dims.length === 0 ? 0 : position[axis]];
    return [build(x.dims, (position) => (at(x, position) - own(inputs[2], position)) * own(scale, position))];
  },
  /** Limits are optional scalars; where they cross, the upper one wins. */
  Clip: (inputs) => {
    const low = inputs[1]?.data[0] ?? Number.NEGATIVE_INFINITY;
    const high = inputs[2]?.data[0] ?? Number.POSITIVE_INFINITY;
    return [map(required(inputs, 0), (x) => Math.min(Math.max(x, low), high))];
  },
};
