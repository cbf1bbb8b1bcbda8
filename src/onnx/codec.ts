import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { HarrierError } from '../errors.ts';
import { utf8Decode, utf8Encode } from '../utf8.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts';
import {
  type AttributeValue,
  arrayOf,
  type Dimension,
  type ElementType,
  elementCount,
  formatShape,
  type Graph,
  type Model,
  type NamedType,
  type Node,
  OPSET,
  type Tensor,
  type TensorData,
  toInt64,
} from './types.ts';

/** TensorProto.DataType, from the ONNX IR specification. */
const ELEMENT_TYPE_CODES: Record<ElementType, number> = {
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
const ELEMENT_TYPES = new Map(
  Object.entries(ELEMENT_TYPE_CODES).map(([name, code]) => [code, name as ElementType]),
);

/** AttributeProto.AttributeType, from the ONNX IR specification. */
const ATTRIBUTE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** The IR version that goes with operator set 21. */
const IR_VERSION = 10n;

/** Beyond any version that there will be. */
const MAX_OPSET = 1_000_000n;

/** The ONNX code of an element type, for the `to` attribute of Cast. */
export function elementTypeCode(type: ElementType): number {
  return ELEMENT_TYPE_CODES[type];
}

/** The element type that an ONNX code names. */
export function elementTypeOf(code: number, where: string): ElementType {
  const type = ELEMENT_TYPES.get(code);
  if (!type) throw new HarrierError('not-supported', `element type ${code} is not supported`, { where });
  return type;
}

/** A model as the bytes of an `.onnx` file. The same model gives the same bytes. */
export function encodeModel(model: Model): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'harrier',
      graph: graphToProto(model.graph),
      opsetImport: Object.entries(model.opsets).map(([domain, version]) => ({
        domain,
        version: BigInt(version),
      })),
      metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
    }),
  );
}

/**
 * Reads the bytes of an `.onnx` file.
 * @throws HarrierError `bad-graph` when they are none, `not-supported` when the file keeps weights in other files
 *   or holds element types that Harrier does not know
 */
export function decodeModel(bytes: Uint8Array, where = 'model'): Model {
  try {
    return modelFromProto(fromBinary(ModelProtoSchema, bytes), where);
  } catch (cause) {
    if (cause instanceof HarrierError) throw cause;
    throw new HarrierError('bad-graph', 'this is not an ONNX model, or it is cut off', { where, cause });
  }
}

function modelFromProto(proto: ModelProto, where: string): Model {
  if (!proto.graph || proto.opsetImport.length === 0)
    throw new HarrierError('bad-graph', 'this is not an ONNX model: it has no graph or no operator set', {
      where,
    });
  const opsets = opsetsFromProto(proto, where);
  const graph = graphFromProto(proto.graph, where);
  const opset = opsets[''] ?? 0;
  return {
    graph: opset === OPSET ? graph : { ...graph, opset },
    opsets,
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  };
}

/** ONNX's own domain may be spelt `ai.onnx`. */
function opsetsFromProto({ opsetImport }: ModelProto, where: string): Record<string, number> {
  return Object.fromEntries(
    opsetImport.map(({ domain, version }) => {
      if (version < 1n || version > MAX_OPSET) {
        throw new HarrierError(
          'bad-graph',
          `the operator set of "${domain || 'ai.onnx'}" has no valid version`,
          {
            where,
            received: `${version}`,
          },
        );
      }
      return [domain === 'ai.onnx' ? '' : domain, Number(version)];
    }),
  );
}

function graphToProto(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    input: graph.inputs.map(namedTypeToProto),
    output: graph.outputs.map(namedTypeToProto),
    initializer: Array.from(graph.initializers, ([name, tensor]) => tensorToProto(tensor, name)),
    node: graph.nodes.map((node) =>
      create(NodeProtoSchema, {
        name: node.name,
        opType: node.opType,
        domain: node.domain,
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: Object.entries(node.attributes).map(([name, value]) => attributeToProto(name, value)),
      }),
    ),
  });
}

function graphFromProto(graph: GraphProto, where: string): Graph {
  const initializers = new Map(
    graph.initializer.map((t) => [t.name, tensorFromProto(t, `${where}: ${t.name}`)]),
  );
  return {
    name: graph.name,
    // Up to IR version 3, initializers were listed among the inputs too.
    inputs: graph.input
      .filter(({ name }) => !initializers.has(name))
      .map((v) => namedTypeFromProto(v, where)),
    outputs: graph.output.map((v) => namedTypeFromProto(v, where)),
    initializers,
    nodes: graph.node.map(
      (node): Node => ({
        name: node.name,
        opType: node.opType,
        domain: node.domain === 'ai.onnx' ? '' : node.domain,
        inputs: node.input,
        outputs: node.output,
        attributes: Object.fromEntries(
          node.attribute.map((a) => [a.name, attributeFromProto(a, `${where}: ${node.name || node.opType}`)]),
        ),
      }),
    ),
  };
}

function namedTypeToProto({ name, type, shape }: NamedType): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      tensorType: {
        elemType: ELEMENT_TYPE_CODES[type],
        shape: {
          dim: shape.map((size) =>
            typeof size === 'number'
              ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
              : { value: { case: 'dimParam' as const, value: size } },
          ),
        },
      },
    },
  });
}

function namedTypeFromProto(info: ValueInfoProto, where: string): NamedType {
  const tensorType = info.type?.tensorType;
  if (!tensorType) throw new HarrierError('not-supported', `"${info.name}" is no tensor`, { where });
  const shape = (tensorType.shape?.dim ?? []).map(({ value }, axis): Dimension => {
    // Some exporters write −1 for a free size.
    if (value.case === 'dimValue' && value.value >= 0n) return Number(value.value);
    return value.case === 'dimParam' && value.value !== '' ? value.value : `${info.name}_${axis}`;
  });
  return { name: info.name, type: elementTypeOf(tensorType.elemType, `${where}: ${info.name}`), shape };
}

function attributeToProto(name: string, value: AttributeValue): AttributeProto {
  const encode = (init: Partial<Omit<AttributeProto, '$typeName' | '$unknown'>>) =>
    create(AttributeProtoSchema, { name, ...init });
  if (typeof value === 'number') return encode({ type: ATTRIBUTE.int, i: integer(name, value) });
  if (typeof value === 'string') return encode({ type: ATTRIBUTE.string, s: utf8Encode(value) });
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string') {
      return encode({ type: ATTRIBUTE.strings, strings: (value as string[]).map(utf8Encode) });
    }
    return encode({ type: ATTRIBUTE.ints, ints: (value as number[]).map((i) => integer(name, i)) });
  }
  if ('float' in value) return encode({ type: ATTRIBUTE.float, f: value.float });
  if ('floats' in value) return encode({ type: ATTRIBUTE.floats, floats: [...value.floats] });
  if ('tensor' in value) return encode({ type: ATTRIBUTE.tensor, t: tensorToProto(value.tensor, '') });
  if ('graph' in value) return encode({ type: ATTRIBUTE.graph, g: graphToProto(value.graph) });
  throw new HarrierError('bad-graph', `attribute "${name}" has no ONNX type`);
}

function integer(name: string, value: number): bigint {
  if (!Number.isInteger(value)) {
    throw new HarrierError('bad-graph', `attribute "${name}" must be a whole number`, {
      received: `${value}`,
      next: 'Wrap a fraction as float(…).',
    });
  }
  return toInt64(value);
}

function attributeFromProto(attribute: AttributeProto, where: string): AttributeValue {
  switch (attribute.type) {
    case ATTRIBUTE.float:
      return { float: attribute.f };
    case ATTRIBUTE.int:
      return Number(attribute.i);
    case ATTRIBUTE.string:
      return utf8Decode(attribute.s);
    case ATTRIBUTE.floats:
      return { floats: attribute.floats };
    case ATTRIBUTE.ints:
      return attribute.ints.map(Number);
    case ATTRIBUTE.strings:
      return attribute.strings.map(utf8Decode);
    case ATTRIBUTE.tensor:
      if (attribute.t) return { tensor: tensorFromProto(attribute.t, where) };
      break;
    case ATTRIBUTE.graph:
      if (attribute.g) return { graph: graphFromProto(attribute.g, where) };
      break;
  }
  throw new HarrierError('not-supported', `attribute "${attribute.name}" has a type that is not supported`, {
    where,
  });
}

function tensorToProto(tensor: Tensor, name: string): TensorProto {
  const { data } = tensor;
  return create(TensorProtoSchema, {
    name,
    dims: tensor.dims.map(BigInt),
    dataType: ELEMENT_TYPE_CODES[tensor.type],
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}

function tensorFromProto(proto: TensorProto, where: string): Tensor {
  if (proto.dataLocation !== 0) {
    throw new HarrierError('not-supported', 'its weights are in another file', {
      where,
      next: 'Save the model as one file (external data off).',
    });
  }
  const type = elementTypeOf(proto.dataType, where);
  const dims = proto.dims.map(Number);
  const count = elementCount(dims);
  const ArrayType = arrayOf(type);
  // The size that dims claim is believed only once as much data is there.
  const checkSize = (unit: string, expected: number, received: number): void => {
    if (expected === received && dims.every((size) => size >= 0)) return;
    throw new HarrierError('bad-graph', `a tensor ${formatShape(dims)} holds the wrong number of ${unit}`, {
      where,
      expected: `${expected}`,
      received: `${received}`,
    });
  };
  if (proto.rawData.byteLength > 0) {
    checkSize('bytes', count * ArrayType.BYTES_PER_ELEMENT, proto.rawData.byteLength);
    const data = new ArrayType(count) as TensorData;
    new Uint8Array(data.buffer).set(proto.rawData);
    return { type, dims, data };
  }
  // The typed fields: 8-, 16- and 32-bit integers, bool and float16 bits share int32_data.
  const values: ArrayLike<number | bigint> =
    type === 'float32'
      ? proto.floatData
      : type === 'float64'
        ? proto.doubleData
        : type === 'int64'
          ? proto.int64Data
          : type === 'uint64' || type === 'uint32'
            ? proto.uint64Data
            : proto.int32Data;
  checkSize('elements', count, values.length);
  const data = new ArrayType(count) as TensorData;
  const wide = type === 'int64' || type === 'uint64';
  for (let i = 0; i < count; i++)
    (data as { [index: number]: number | bigint })[i] = wide ? BigInt(values[i]) : Number(values[i]);
  return { type, dims, data };
}
