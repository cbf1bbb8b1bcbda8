import {
  type ElementType,
  elementTypeOf,
  float32,
  fromFloat16,
  intAttribute,
  type Tensor,
} from '../../onnx/index.ts';
import {
  type Elements,
  eachPosition,
  emptyTensor,
  isInteger,
  isWide,
  offsetOf,
  repeatedStrides,
} from './elements.ts';
import type { Evaluation } from './evaluation.ts';

type Numbers = (...operands: number[]) => number;
type Integers = (...operands: bigint[]) => bigint | undefined;

/** As ONNX Runtime divides integers: towards zero. */
const divide: Integers = (a, b) => (b === 0n ? undefined : a / b);
/** The remainder has the sign of the divisor, as in Python. */
const modulo: Integers = (a, b) => (b === 0n ? undefined : ((a % b) + b) % b);

/** Arithmetic of which a double rounds to the same float32 as float32 itself does. */
const FLOATS: Readonly<Record<string, Numbers>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Neg: (a) => -a,
  Abs: Math.abs,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
  Reciprocal: (a) => 1 / a,
  Max: Math.max,
  Min: Math.min,
};
const INTEGERS: Readonly<Record<string, Integers>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: divide,
  Mod: modulo,
  Neg: (a) => -a,
  Abs: (a) => (a < 0n ? -a : a),
  Max: (...all) => all.reduce((a, b) => (a > b ? a : b)),
  Min: (...all) => all.reduce((a, b) => (a < b ? a : b)),
};
const COMPARISONS: Readonly<Record<string, (a: number | bigint, b: number | bigint) => boolean>> = {
  Equal: (a, b) => a === b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
};

const arithmetic =
  (op: string): Evaluation =>
  ({ inputs, dims }) => {
    const operands = inputs as readonly Tensor[];
    const [{ type }] = operands;
    if (type === 'float32' || type === 'float64') {
      return elementwise(type, dims, operands, (...x) => FLOATS[op]?.(...(x as number[])));
    }
    if (!isInteger(type)) return undefined;
    return elementwise(type, dims, operands, (...x) => {
      const result = INTEGERS[op]?.(...x.map(BigInt));
      return result === undefined || isWide(type) ? result : Number(BigInt.asIntN(32, result));
    });
  };

const comparison =
  (op: string): Evaluation =>
  ({ inputs, dims }) =>
    hasHalves(inputs)
      ? undefined
      : elementwise('bool', dims, inputs as readonly Tensor[], (a, b) => Number(COMPARISONS[op](a, b)));

/** Bits of float16 are no numbers. */
function hasHalves(inputs: readonly (Tensor | undefined)[]): boolean {
  return inputs.some((input) => input?.type === 'float16');
}

/** @returns undefined where `compute` gives no element */
function elementwise(
  type: ElementType,
  dims: readonly number[],
  operands: readonly Tensor[],
  compute: (...elements: (number | bigint)[]) => number | bigint | undefined,
): Tensor | undefined {
  const result = emptyTensor(type, dims);
  const strides = operands.map((operand) => repeatedStrides(operand.dims, dims));
  let isComplete = true;
  eachPosition(dims, (position, index) => {
    const element = compute(...operands.map(({ data }, i) => data[offsetOf(position, strides[i])]));
    if (element === undefined) isComplete = false;
    else (result.data as Elements)[index] = element;
  });
  return isComplete ? result : undefined;
}

/** An element in another type; undefined where ONNX leaves open what becomes of it. */
function converted(from: number | bigint, to: ElementType): number | bigint | undefined {
  if (to === 'bool') return Number(from !== 0 && from !== 0n);
  if (!isInteger(to)) return Number(from);
  const whole = Math.trunc(Number(from));
  if (typeof from === 'number' && (!Number.isSafeInteger(whole) || !isWithin(whole, to))) return undefined;
  if (isWide(to)) return typeof from === 'bigint' ? from : BigInt(whole);
  return typeof from === 'bigint' ? Number(BigInt.asIntN(32, from)) : whole;
}

function isWithin(value: number, type: ElementType): boolean {
  const bits = Number(/\d+$/.exec(type)![0]);
  const [low, high] = type.startsWith('u') ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
  return value >= low && value < high;
}

/** Ops that compute with constants. Where float32 itself would round otherwise, an op is left to ONNX Runtime. */
export const computeConstants: Readonly<Record<string, Evaluation>> = {
  ...Object.fromEntries([...Object.keys({ ...FLOATS, ...INTEGERS })].map((op) => [op, arithmetic(op)])),
  ...Object.fromEntries(Object.keys(COMPARISONS).map((op) => [op, comparison(op)])),
  Not: ({ inputs: [x], dims }) => elementwise('bool', dims, [x!], (a) => Number(a === 0)),
  Where: ({ inputs, dims }) =>
    elementwise(inputs[1]!.type, dims, inputs as readonly Tensor[], (condition, a, b) => (condition ? a : b)),
  Clip: ({ inputs: [x, low, high], dims }) => {
    const [least, most] = [low, high].map((limit) => limit?.data[0]);
    return hasHalves([x])
      ? undefined
      : elementwise(x!.type, dims, [x!], (element) => {
          const raised = least !== undefined && element < least ? least : element;
          return most !== undefined && raised > most ? most : raised;
        });
  },
  DequantizeLinear: ({ inputs: [x, scale, zero], attributes, dims }) => {
    if (scale!.type !== 'float32' || intAttribute(attributes, 'block_size', 0) !== 0) return undefined;
    const rank = dims.length;
    const given = intAttribute(attributes, 'axis', 1);
    const axis = given < 0 ? given + rank : given;
    // One scale for all, or one for each place along the axis.
    const along = (tensor: Tensor): Tensor =>
      tensor.data.length === 1
        ? { ...tensor, dims: [] }
        : { ...tensor, dims: dims.map((size, i) => (i === axis ? size : 1)) };
    return elementwise(
      'float32',
      dims,
      [x!, along(scale!), ...(zero ? [along(zero)] : [])],
      (q, s, z = 0) => (Number(q) - Number(z)) * Number(s),
    );
  },
  Cast: ({ inputs: [x], attributes, dims }) => {
    const to = elementTypeOf(Number(attributes.to), 'Cast');
    if (to === x!.type) return { ...x!, dims };
    if (to === 'float16') return undefined;
    const from = x!.type === 'float16' ? float32(dims, fromFloat16(x!.data as Uint16Array)) : x!;
    return to === from.type ? from : elementwise(to, dims, [from], (element) => converted(element, to));
  },
  ConstantOfShape: ({ attributes: { value }, dims }) => {
    const given = typeof value === 'object' && 'tensor' in value ? value.tensor : undefined;
    const result = emptyTensor(given?.type ?? 'float32', dims);
    if (given) (result.data as Float32Array).fill(given.data[0] as number);
    return result;
  },
  Range: ({ inputs, dims }) => {
    const [{ type, data: start }, , { data: step }] = inputs as readonly Tensor[];
    // ONNX Runtime adds the step up, and rounds each sum.
    if (!isInteger(type)) return undefined;
    const result = emptyTensor(type, dims);
    for (let i = 0; i < dims[0]; i++) {
      (result.data as Elements)[i] = isWide(type)
        ? (start[0] as bigint) + BigInt(i) * (step[0] as bigint)
        : (start[0] as number) + i * (step[0] as number);
    }
    return result;
  },
};
