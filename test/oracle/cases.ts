/**
 * The table of cases: every operator of the oracle with attributes, shapes and input domains. The oracle is checked
 * against ONNX Runtime on them; shape inference and gradients can be checked against the oracle on the same.
 */
import { random } from '../../src/data/random.ts';
import { elementTypeOf } from '../../src/onnx/element-types.ts';
import { type ElementType, qualifiedName } from '../../src/onnx/types.ts';
import type { CaseInput, Distribution, OracleCase } from './cases/case.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { edgeReductionCases, lossCases, matrixCases } from './cases/matrix.ts';
import { movementCases } from './cases/movement.ts';
import { rearrangingCases } from './cases/rearranging.ts';
import { normalizationCases, spatialCases } from './cases/spatial.ts';
import { type OracleTensor, sizeOf } from './tensor.ts';

export type { CaseInput, Distribution, OracleCase } from './cases/case.ts';

export const cases: readonly OracleCase[] = [
  ...elementwiseCases,
  ...spatialCases,
  ...normalizationCases,
  ...matrixCases,
  ...edgeReductionCases,
  ...lossCases,
  ...movementCases,
  ...rearrangingCases,
];

/** The row's key in the oracle, such as `Conv` or `com.microsoft.FusedMatMul`. */
export function opOf({ op, domain = '' }: OracleCase): string {
  return qualifiedName(op, domain);
}

/** A row in words: `Conv [1,2,5,5] [3,2,3,3] strides=[2,2]`. */
export function describeCase(row: OracleCase): string {
  const inputs = row.inputs.map((input) => {
    if (!input) return '–';
    const type = input.type && input.type !== 'float32' ? `${input.type} ` : '';
    const values = typeof input.values === 'object' ? `{${input.values}}` : '';
    return `${type}[${input.dims}]${values}`;
  });
  const attributes = Object.entries(row.attributes).map(([name, value]) => {
    if (typeof value !== 'object') return `${name}=${value}`;
    if ('float' in value) return `${name}=${value.float}`;
    if ('tensor' in value) return `${name}=${value.tensor.type}[${value.tensor.dims}]{${value.tensor.data}}`;
    return `${name}=[${'floats' in value ? value.floats : value}]`;
  });
  const outputs = row.outputs && row.outputs > 1 ? [`→ ${row.outputs} outputs`] : [];
  return [opOf(row), ...inputs, ...attributes, ...outputs].join(' ');
}

/** The inputs of a row, float32 ones already rounded to float32. The same row and seed give the same numbers. */
export function inputsOf(row: OracleCase, seed = 1): (OracleTensor | undefined)[] {
  return row.inputs.map((input, i) => input && draw(input, seed, `oracle/${describeCase(row)}`, i));
}

function draw(input: CaseInput, seed: number, purpose: string, index: number): OracleTensor {
  const { dims, type = 'float32' } = input;
  const count = sizeOf(dims);
  const stream = random(seed, purpose, index);
  let values: ArrayLike<number>;
  if (typeof input.values === 'object') values = input.values;
  else if (type === 'bool') values = Array.from({ length: count }, () => stream.integer(2));
  else values = drawFrom(input.values ?? 'normal', count, stream);
  if (values.length !== count) throw new RangeError(`${purpose}: ${values.length} values for [${dims}]`);
  const round = type === 'float32' ? Math.fround : (value: number) => value;
  return { dims: [...dims], data: Float64Array.from(values, round) };
}

function drawFrom(distribution: Distribution, count: number, stream: ReturnType<typeof random>): number[] {
  const draws: Record<Distribution, () => number[]> = {
    normal: () => each(() => stream.normal()),
    positive: () => each(() => 0.5 + 2 * stream.uniform()),
    unit: () => each(() => 2 * stream.uniform() - 1),
    nonzero: () => each(() => (stream.integer(2) ? 1 : -1) * (0.2 + 1.8 * stream.uniform())),
    // The grid … −0.15, −0.05, 0.05, 0.15 …, shuffled.
    distinct: () => Array.from(stream.permutation(count), (i) => 0.1 * (i - Math.floor(count / 2)) + 0.05),
    integers: () => each(() => stream.integer(5) - 2),
  };
  const each = (f: () => number): number[] => Array.from({ length: count }, f);
  return draws[distribution]();
}

const truths = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor', 'Not'];

/** The element types of a row's outputs. */
export function outputTypesOf(row: OracleCase): ElementType[] {
  const inputType = (index: number): ElementType => row.inputs[index]?.type ?? 'float32';
  const { op, attributes, outputs = 1 } = row;
  const types: ElementType[] = Array.from({ length: outputs }, () => inputType(0));
  if (truths.includes(op)) types[0] = 'bool';
  if (op === 'Where' || op === 'DequantizeLinear') types[0] = inputType(1);
  if (op === 'OneHot') types[0] = inputType(2);
  if (['ArgMax', 'ArgMin', 'Shape', 'Size'].includes(op)) types[0] = 'int64';
  if (op === 'Cast') types[0] = elementTypeOf(Number(attributes.to), 'Cast');
  if ((op === 'MaxPool' || op === 'TopK') && outputs > 1) types[1] = 'int64';
  if (op === 'Dropout' && outputs > 1) types[1] = 'bool';
  if (op === 'Constant' || op === 'ConstantOfShape') {
    const { value, value_int, value_ints } = attributes;
    if (typeof value === 'object' && 'tensor' in value) types[0] = value.tensor.type;
    else types[0] = value_int === undefined && value_ints === undefined ? 'float32' : 'int64';
  }
  return types;
}
