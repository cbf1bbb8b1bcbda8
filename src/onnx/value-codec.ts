import { create } from '@bufbuild/protobuf';
import { HarrierError } from '../errors.ts';
import { elementTypeCode, elementTypeOf } from './element-types.ts';
import {
  TensorShapeProto_DimensionSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts';
import { withUnread } from './tensor-codec.ts';
import type { Dimension, NamedType } from './types.ts';

export function namedTypeToProto({ name, type, shape, unranked, unread }: NamedType): ValueInfoProto {
  const dim = shape.map((size, axis) =>
    withUnread(
      create(TensorShapeProto_DimensionSchema, {
        value:
          typeof size === 'number'
            ? { case: 'dimValue', value: BigInt(size) }
            : size === openSize(name, axis)
              ? { case: undefined }
              : { case: 'dimParam', value: size },
      }),
      unread?.sizes?.[axis],
    ),
  );
  const tensorType = { elemType: elementTypeCode(type), ...(!unranked && { shape: { dim } }) };
  return withUnread(
    create(ValueInfoProtoSchema, {
      name,
      type: withUnread(create(TypeProtoSchema, { tensorType }), unread?.type),
    }),
    unread?.value,
  );
}

/** What an axis without a size is called, so that it differs from all others. */
function openSize(name: string, axis: number): string {
  return `${name}_${axis}`;
}

export function namedTypeFromProto(info: ValueInfoProto, where: string): NamedType {
  const tensorType = info.type?.tensorType;
  if (!tensorType) {
    throw new HarrierError('not-supported', `"${info.name}" is not a tensor`, {
      where,
      next: 'Sequences, maps and optional values are not supported.',
    });
  }
  const dims = tensorType.shape?.dim ?? [];
  const shape = dims.map(({ value }, axis): Dimension => {
    if (value.case === 'dimParam' && value.value !== '') return value.value;
    // Some exporters write −1 for an open size.
    if (value.case !== 'dimValue' || value.value < 0n) return openSize(info.name, axis);
    if (value.value <= Number.MAX_SAFE_INTEGER) return Number(value.value);
    throw new HarrierError('bad-graph', `"${info.name}" has an impossible size`, {
      where,
      received: `${value.value}`,
    });
  });
  const unread = {
    ...(info.$unknown && { value: info.$unknown }),
    ...(info.type?.$unknown && { type: info.type.$unknown }),
    ...(dims.some(({ $unknown }) => $unknown) && { sizes: dims.map(({ $unknown }) => $unknown) }),
  };
  return {
    name: info.name,
    type: elementTypeOf(tensorType.elemType, `${where}: ${info.name}`),
    shape,
    ...(!tensorType.shape && { unranked: true as const }),
    ...(Object.keys(unread).length > 0 && { unread }),
  };
}
