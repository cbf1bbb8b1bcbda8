import { create } from '@bufbuild/protobuf';
import { HarrierError } from '../errors.ts';
import { elementTypeCode, elementTypeOf } from './element-types.ts';
import {
  type SparseTensorProto,
  SparseTensorProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from './generated/onnx_pb.ts';
import {
  arrayOf,
  type ElementType,
  elementCount,
  formatShape,
  type SparseTensor,
  type Tensor,
  type TensorData,
  type Unread,
} from './types.ts';

/** Where a model keeps the elements of a tensor outside its own file. */
export interface ExternalData {
  /** Path of the other file, relative to the model's folder, as the model states it. */
  readonly location: string;
  /** Where the elements begin in it. */
  readonly offset: number;
  /** Their bytes. */
  readonly length: number;
}

/** Reads elements that a model keeps in another file; it throws a HarrierError where it cannot. */
export type ExternalReader = (data: ExternalData, where: string) => Uint8Array;

/** Puts the fields that were not read back into a message. */
export function withUnread<T extends { $unknown?: unknown }>(message: T, unread: Unread | undefined): T {
  if (unread) message.$unknown = [...unread];
  return message;
}

export function tensorToProto({ type, dims, data, unread }: Tensor, name: string): TensorProto {
  return withUnread(
    create(TensorProtoSchema, {
      name,
      dims: dims.map(BigInt),
      dataType: elementTypeCode(type),
      rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
    }),
    unread,
  );
}

/**
 * @param external reads elements from other files
 * @throws HarrierError `bad-graph` when sizes and data do not fit, `not-supported` for other element types, and for
 *   elements in other files where none can be read
 */
export function tensorFromProto(
  proto: TensorProto,
  where: string,
  external: ExternalReader | undefined,
): Tensor {
  const type = elementTypeOf(proto.dataType, where);
  const dims = dimsFromProto(proto.dims, where);
  const count = elementCount(dims);
  const ArrayType = arrayOf(type);
  const unread = proto.$unknown && { unread: proto.$unknown };
  // The size that dims claim is believed only once as much data is there.
  const checkSize = (unit: string, expected: number, received: number): void => {
    if (expected === received) return;
    throw new HarrierError('bad-graph', `a tensor ${formatShape(dims)} holds the wrong number of ${unit}`, {
      where,
      expected: `${expected}`,
      received: `${received}`,
    });
  };
  const fromBytes = (bytes: Uint8Array): Tensor => {
    checkSize('bytes', count * ArrayType.BYTES_PER_ELEMENT, bytes.byteLength);
    const data = new ArrayType(count) as TensorData;
    new Uint8Array(data.buffer).set(bytes);
    return { type, dims, data, ...unread };
  };
  if (proto.dataLocation !== 0) {
    const place = externalData(proto, count * ArrayType.BYTES_PER_ELEMENT, where);
    if (!external) {
      throw new HarrierError('not-supported', 'its weights are in another file', {
        where,
        received: place.location,
        next: 'Save the model as one file (external data off).',
      });
    }
    return fromBytes(external(place, where));
  }
  if (proto.rawData.byteLength > 0) return fromBytes(proto.rawData);
  const values = typedField(proto, type);
  checkSize('elements', count, values.length);
  const data = new ArrayType(count) as TensorData;
  const wide = type === 'int64' || type === 'uint64';
  for (let i = 0; i < count; i++)
    (data as { [index: number]: number | bigint })[i] = wide ? BigInt(values[i]) : Number(values[i]);
  return { type, dims, data, ...unread };
}

/** The field that holds elements of a type: 8-, 16- and 32-bit integers, bool and float16 bits share int32_data. */
function typedField(proto: TensorProto, type: ElementType): ArrayLike<number | bigint> {
  if (type === 'float32') return proto.floatData;
  if (type === 'float64') return proto.doubleData;
  if (type === 'int64') return proto.int64Data;
  if (type === 'uint64' || type === 'uint32') return proto.uint64Data;
  return proto.int32Data;
}

/** Sizes of a tensor: whole numbers from 0 whose product is exact. */
function dimsFromProto(dims: readonly bigint[], where: string): number[] {
  const sizes = dims.map(Number);
  const wrong = sizes.find((size) => size < 0);
  if (wrong === undefined && elementCount(sizes) <= Number.MAX_SAFE_INTEGER) return sizes;
  throw new HarrierError('bad-graph', 'a tensor has an impossible size', {
    where,
    received: `(${dims.join(', ')})`,
  });
}

function externalData(proto: TensorProto, expected: number, where: string): ExternalData {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location');
  const bytes = (key: string, otherwise: number): number => {
    const text = entries.get(key);
    const value = text === undefined || text === '' ? otherwise : Number(text);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new HarrierError('bad-graph', `the ${key} of its external data is not a number of bytes`, {
      where,
      received: JSON.stringify(text),
    });
  };
  if (!location) throw new HarrierError('bad-graph', 'its external data has no location', { where });
  const length = bytes('length', expected);
  if (length !== expected) {
    throw new HarrierError('bad-graph', 'its external data has the wrong length', {
      where,
      expected: `${expected} bytes`,
      received: `${length}`,
    });
  }
  return { location, offset: bytes('offset', 0), length };
}

export function sparseToProto(
  { values, indices, dims, indicesName, unread }: SparseTensor,
  name: string,
): SparseTensorProto {
  return withUnread(
    create(SparseTensorProtoSchema, {
      values: tensorToProto(values, name),
      indices: tensorToProto(indices, indicesName),
      dims: dims.map(BigInt),
    }),
    unread,
  );
}

export function sparseFromProto(
  proto: SparseTensorProto,
  where: string,
  external: ExternalReader | undefined,
): SparseTensor {
  const { values, indices } = proto;
  if (!values || !indices) {
    throw new HarrierError('bad-graph', 'a sparse initializer lacks its values or indices', { where });
  }
  const name = `${where}: ${values.name}`;
  return {
    values: tensorFromProto(values, name, external),
    indices: tensorFromProto(indices, name, external),
    dims: dimsFromProto(proto.dims, name),
    indicesName: indices.name,
    ...(proto.$unknown && { unread: proto.$unknown }),
  };
}
