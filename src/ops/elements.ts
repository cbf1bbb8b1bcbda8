import { type Dimension, numbersOf, type ValueType } from '../onnx/index.ts';
import { type InferContext, knownElements } from './definition.ts';
import { sliceParts } from './movement.ts';
import { dividedSize, product } from './shapes.ts';
import { shapePart } from './sizes.ts';
import { stockAttributes } from './stock-attributes.ts';

/** Elements beyond which nothing is followed: shapes and axes are short. */
const MOST = 64;

type Elements = readonly Dimension[];
type Rule = (node: InferContext, output: ValueType) => Elements | undefined;

/**
 * The elements of a node's first output where they follow from shapes and constants. Exporters compute shapes in the
 * graph (`Shape`, `Gather`, `Concat`, `Reshape`): so they are known, symbolic dimensions included, without running it.
 */
export function elementsOf(opType: string, node: InferContext, output: ValueType): Elements | undefined {
  if (!Object.hasOwn(RULES, opType)) return undefined;
  const count = product(output.shape);
  if (typeof count !== 'number' || count > MOST) return undefined;
  const elements = RULES[opType](node, output);
  return elements?.length === count ? elements : undefined;
}

const given = (node: InferContext, i: number): Elements | undefined => {
  if (!node.has(i)) return undefined;
  const value = node.input(i);
  const count = product(value.shape);
  return typeof count === 'number' && count <= MOST ? knownElements(value) : undefined;
};

const numbers = (node: InferContext, i: number): readonly number[] | undefined => {
  const elements = given(node, i);
  return elements?.every((each) => typeof each === 'number') ? (elements as readonly number[]) : undefined;
};

/** The elements of the first input, in the same order. */
const unchanged: Rule = (node) => given(node, 0);

/** Element by element, for inputs of one shape, or of one element. */
function elementwise(compute: (...elements: Dimension[]) => Dimension | undefined): Rule {
  return (node, output) => {
    const inputs = Array.from({ length: node.inputCount }, (_, i) => given(node, i));
    const count = Number(product(output.shape));
    if (!inputs.every((each) => each?.length === 1 || each?.length === count)) return undefined;
    const results = Array.from({ length: count }, (_, at) =>
      compute(...inputs.map((each) => (each!.length === 1 ? each![0] : each![at]))),
    );
    return results.every((each) => each !== undefined) ? results : undefined;
  };
}

const ofNumbers = (compute: (...values: number[]) => number) =>
  elementwise((...values) =>
    values.every((each) => typeof each === 'number') ? compute(...(values as number[])) : undefined,
  );

/** Integers are divided towards zero. */
const divide: Rule = (node, output) => {
  const whole = output.type.includes('int');
  return elementwise((a, b) => {
    if (typeof b !== 'number' || b === 0) return undefined;
    if (typeof a === 'number') return whole ? Math.trunc(a / b) : a / b;
    return whole && b > 0 ? dividedSize(a, 0, b) : b === 1 ? a : undefined;
  })(node, output);
};

const slice: Rule = (node) => {
  const data = given(node, 0);
  const parts = [1, 2, 3, 4].map((i) => numbers(node, i));
  if (!data || node.rank(0) !== 1 || !parts[0] || !parts[1]) return undefined;
  const [part] = sliceParts([data.length], parts, (problem) => node.fail(problem));
  return part && Array.from({ length: part.count }, (_, i) => data[part.start + i * part.step]);
};

const RULES: Readonly<Record<string, Rule>> = {
  Add: elementwise((a, b) => {
    if (typeof a === 'number') return typeof b === 'number' ? a + b : dividedSize(b, a, 1);
    return typeof b === 'number' ? dividedSize(a, b, 1) : undefined;
  }),
  And: ofNumbers((a, b) => Number(a && b)),
  Cast: (node, output) =>
    output.type.includes('int')
      ? given(node, 0)?.map((each) => (typeof each === 'number' ? Math.trunc(each) : each))
      : given(node, 0),
  Ceil: ofNumbers(Math.ceil),
  Concat: (node) => {
    const parts = Array.from({ length: node.inputCount }, (_, i) => given(node, i));
    return node.rank(0) === 1 && parts.every((each) => each !== undefined) ? parts.flat() : undefined;
  },
  ConstantOfShape: (node, output) => {
    const { value } = stockAttributes('ConstantOfShape', node.attributes);
    return Array.from({ length: Number(product(output.shape)) }, () => (value ? numbersOf(value)[0] : 0));
  },
  Div: divide,
  // A size is never negative.
  Equal: elementwise((a, b) => {
    if (typeof a === typeof b && (a === b || typeof a === 'number')) return Number(a === b);
    const [number] = [a, b].filter((each) => typeof each === 'number');
    return number !== undefined && Number(number) < 0 ? 0 : undefined;
  }),
  Expand: (node, output) => {
    const data = given(node, 0);
    const count = Number(product(output.shape));
    return data?.length === 1 ? Array.from({ length: count }, () => data[0]) : data;
  },
  Flatten: unchanged,
  Floor: elementwise((a) => (typeof a === 'number' ? Math.floor(a) : a)),
  Gather: (node) => {
    const [data, at] = [given(node, 0), numbers(node, 1)];
    if (!data || !at || node.rank(0) !== 1) return undefined;
    const picked = at.map((index) => data[index < 0 ? index + data.length : index]);
    return picked.some((each) => each === undefined)
      ? node.fail(`an index is outside of ${data.length} elements`)
      : picked;
  },
  Greater: ofNumbers((a, b) => Number(a > b)),
  GreaterOrEqual: ofNumbers((a, b) => Number(a >= b)),
  Identity: unchanged,
  Less: ofNumbers((a, b) => Number(a < b)),
  LessOrEqual: ofNumbers((a, b) => Number(a <= b)),
  Max: ofNumbers(Math.max),
  Min: ofNumbers(Math.min),
  Mod: ofNumbers((a, b) => (b === 0 ? Number.NaN : ((a % b) + b) % b)),
  Mul: elementwise((a, b) => product([a, b])),
  Neg: ofNumbers((a) => -a),
  Not: ofNumbers((a) => 1 - a),
  Or: ofNumbers((a, b) => Number(a || b)),
  Range: (node, output) => {
    const [start, , step] = [0, 1, 2].map((i) => numbers(node, i)?.[0]);
    if (start === undefined || step === undefined) return undefined;
    return Array.from({ length: Number(product(output.shape)) }, (_, i) => start + i * step);
  },
  ReduceProd: (node) => {
    const data = given(node, 0);
    const all = data && product(data);
    return all === undefined ? undefined : [all];
  },
  Reshape: unchanged,
  Shape: (node) => shapePart(node.shape(0), node.attributes),
  Size: (node) => {
    const all = product(node.shape(0));
    return all === undefined ? undefined : [all];
  },
  Slice: slice,
  Sqrt: ofNumbers(Math.sqrt),
  Squeeze: unchanged,
  Sub: elementwise((a, b) => {
    if (typeof b !== 'number') return a === b ? 0 : undefined;
    return typeof a === 'number' ? a - b : dividedSize(a, -b, 1);
  }),
  Transpose: (node) => (node.rank(0) === 1 ? given(node, 0) : undefined),
  Unsqueeze: unchanged,
  Where: elementwise((condition, a, b) => (condition === 1 ? a : condition === 0 ? b : undefined)),
};
