import { HarrierError } from '../errors.ts';
import type { ElementType } from './types.ts';

/** TensorProto.DataType, from the ONNX IR specification. */
const CODES: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};
const TYPES = new Map(Object.entries(CODES).map(([name, code]) => [code, name as ElementType]));

/** Element types of ONNX that Harrier does not compute with, for messages. */
const OTHERS: Readonly<Record<number, string>> = {
  8: 'string',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
  25: 'uint2',
  26: 'int2',
};

/** The ONNX code of an element type, for the `to` attribute of Cast. */
export function elementTypeCode(type: ElementType): number {
  return CODES[type];
}

/**
 * The element type that an ONNX code stands for.
 * @throws HarrierError `not-supported` with its name where there is one, `bad-graph` when none is stated
 */
export function elementTypeOf(code: number, where: string): ElementType {
  const type = TYPES.get(code);
  if (type) return type;
  if (Object.hasOwn(OTHERS, code)) {
    throw new HarrierError('not-supported', `element type ${OTHERS[code]} is not supported`, {
      where,
      expected: Object.keys(CODES).join(', '),
      next: 'Export the model with weights in float32 or float16.',
    });
  }
  if (code === 0) throw new HarrierError('bad-graph', 'its element type is missing', { where });
  throw new HarrierError('not-supported', `element type ${code} is not known`, { where });
}
