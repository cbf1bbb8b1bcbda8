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
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
} from './generated/onnx_pb.ts';
import {
  type ExternalReader,
  sparseFromProto,
  sparseToProto,
  tensorFromProto,
  tensorToProto,
  withUnread,
} from './tensor-codec.ts';
import {
  type AttributeValue,
  type Graph,
  type Model,
  type Node,
  OPSET,
  toInt64,
  type Unread,
} from './types.ts';
import { namedTypeFromProto, namedTypeToProto } from './value-codec.ts';

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

/** After those come lists of tensors and graphs, sparse tensors, and types. */
const LAST_ATTRIBUTE_TYPE = 14;

/** The IR version that goes with operator set 21. */
const IR_VERSION = 10;
/** The oldest whose initializers need not be inputs: what is older is written as this. */
const OLDEST_IR_VERSION = 4;

/** Beyond any version that there will be. */
const MAX_OPSET = 1_000_000n;

/** A model as the bytes of an `.onnx` file. The same model gives the same bytes. */
export function encodeModel(model: Model): Uint8Array<ArrayBuffer> {
  const { producer = { name: 'harrier', version: '' } } = model;
  const proto = withUnread(
    create(ModelProtoSchema, {
      irVersion: BigInt(Math.max(OLDEST_IR_VERSION, model.irVersion ?? IR_VERSION)),
      producerName: producer.name,
      producerVersion: producer.version,
      graph: graphToProto(model.graph),
      opsetImport: Object.entries(model.opsets).map(([domain, version]) => ({
        domain,
        version: BigInt(version),
      })),
      metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
    }),
    model.unread,
  );
  return toBinary(ModelProtoSchema, proto);
}

/**
 * Reads the bytes of an `.onnx` file. Fields that Harrier does not use (documentation, functions, …) are kept, and
 * `encodeModel` writes them back.
 *
 * @param external reads weights that the model keeps in other files; without it such a model is refused
 * @throws HarrierError `bad-graph` when the bytes are not a model, `not-supported` when it has unknown element types,
 *   or weights in other files
 */
export function decodeModel(bytes: Uint8Array, where = 'model', external?: ExternalReader): Model {
  try {
    return modelFromProto(fromBinary(ModelProtoSchema, bytes), bytes, {
      where,
      external,
      irVersion: IR_VERSION,
    });
  } catch (cause) {
    if (cause instanceof HarrierError) throw cause;
    throw new HarrierError('bad-graph', 'this is not an ONNX model, or it is cut off', {
      where,
      received: startOf(bytes),
      cause,
    });
  }
}

/** Whether a model keeps weights in other files. Bytes that are no model keep none. */
export function keepsExternalData(bytes: Uint8Array): boolean {
  try {
    const { graph } = fromBinary(ModelProtoSchema, bytes);
    return graph !== undefined && hasExternalData(graph);
  } catch {
    return false;
  }
}

function hasExternalData({ initializer, sparseInitializer, node }: GraphProto): boolean {
  const isExternal = (tensor: TensorProto | undefined) => tensor !== undefined && tensor.dataLocation !== 0;
  return (
    initializer.some(isExternal) ||
    sparseInitializer.some(({ values, indices }) => isExternal(values) || isExternal(indices)) ||
    node.some(({ attribute }) => attribute.some(({ t, g }) => isExternal(t) || (g && hasExternalData(g))))
  );
}

/** What a file is that often lies in a model's place. */
function startOf(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 64)).trimStart();
  if (bytes.length === 0) return 'an empty file';
  if (start.startsWith('version https://git-lfs')) return 'a pointer of Git LFS, in place of the file';
  if (start.startsWith('<')) return 'a page of HTML or XML';
  if (start.startsWith('PK')) return 'a ZIP archive (a PyTorch checkpoint, perhaps)';
  return undefined;
}

/** What reading a part of a file needs to know of the whole. */
interface Source {
  /** For messages. */
  readonly where: string;
  readonly external: ExternalReader | undefined;
  readonly irVersion: number;
}

function within(source: Source, name: string): Source {
  return { ...source, where: `${source.where}: ${name}` };
}

const unreadOf = ({ $unknown }: { $unknown?: Unread }) => ($unknown ? { unread: $unknown } : {});

function modelFromProto(proto: ModelProto, bytes: Uint8Array, source: Source): Model {
  const { where } = source;
  if (!proto.graph || proto.opsetImport.length === 0)
    throw new HarrierError('bad-graph', 'this is not an ONNX model: it has no graph or no operator set', {
      where,
      received: startOf(bytes),
    });
  const opsets = opsetsFromProto(proto, where);
  const irVersion = Number(proto.irVersion);
  const graph = graphFromProto(proto.graph, { ...source, irVersion });
  const opset = opsets[''] ?? 0;
  const { producerName: name, producerVersion: version } = proto;
  return {
    graph: opset === OPSET ? graph : { ...graph, opset },
    opsets,
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
    ...(irVersion !== IR_VERSION && { irVersion }),
    ...((name !== 'harrier' || version !== '') && { producer: { name, version } }),
    ...unreadOf(proto),
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
  return withUnread(
    create(GraphProtoSchema, {
      name: graph.name,
      input: [...graph.inputs, ...(graph.optionalInputs ?? [])].map(namedTypeToProto),
      output: graph.outputs.map(namedTypeToProto),
      initializer: Array.from(graph.initializers, ([name, tensor]) => tensorToProto(tensor, name)),
      sparseInitializer: Array.from(graph.sparseInitializers ?? [], ([name, sparse]) =>
        sparseToProto(sparse, name),
      ),
      node: graph.nodes.map(nodeToProto),
    }),
    graph.unread,
  );
}

function nodeToProto(node: Node): NodeProto {
  return withUnread(
    create(NodeProtoSchema, {
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      input: [...node.inputs],
      output: [...node.outputs],
      attribute: Object.entries(node.attributes).map(([name, value]) =>
        withUnread(attributeToProto(name, value), node.unreadOfAttributes?.get(name)),
      ),
    }),
    node.unread,
  );
}

function graphFromProto(graph: GraphProto, source: Source): Graph {
  const { where, external } = source;
  const initializers = new Map(
    graph.initializer.map((t) => [t.name, tensorFromProto(t, `${where}: ${t.name}`, external)]),
  );
  const sparse = graph.sparseInitializer.map(
    (t) => [t.values?.name ?? '', sparseFromProto(t, where, external)] as const,
  );
  const given = (name: string) => initializers.has(name) || sparse.some(([other]) => other === name);
  const inputs = graph.input.map((input) => namedTypeFromProto(input, where));
  // Up to IR version 3 every initializer was listed among the inputs; since then those that may be replaced are.
  const optionalInputs = source.irVersion < OLDEST_IR_VERSION ? [] : inputs.filter(({ name }) => given(name));
  return {
    name: graph.name,
    inputs: inputs.filter(({ name }) => !given(name)),
    outputs: graph.output.map((v) => namedTypeFromProto(v, where)),
    initializers,
    ...(sparse.length > 0 && { sparseInitializers: new Map(sparse) }),
    ...(optionalInputs.length > 0 && { optionalInputs }),
    nodes: graph.node.map((node): Node => {
      const unreadOfAttributes = new Map(
        node.attribute.flatMap(({ name, $unknown }) => ($unknown ? [[name, $unknown] as const] : [])),
      );
      return {
        name: node.name,
        opType: node.opType,
        domain: node.domain === 'ai.onnx' ? '' : node.domain,
        inputs: node.input,
        outputs: node.output,
        attributes: Object.fromEntries(
          node.attribute.map((a) => [
            a.name,
            attributeFromProto(a, within(source, node.name || node.opType)),
          ]),
        ),
        ...unreadOf(node),
        ...(unreadOfAttributes.size > 0 && { unreadOfAttributes }),
      };
    }),
    ...unreadOf(graph),
  };
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
  if ('wide' in value) return encode({ type: ATTRIBUTE.int, i: value.wide });
  if ('wides' in value) return encode({ type: ATTRIBUTE.ints, ints: [...value.wides] });
  if ('bytes' in value) return encode({ type: ATTRIBUTE.string, s: value.bytes });
  if ('byteStrings' in value) return encode({ type: ATTRIBUTE.strings, strings: [...value.byteStrings] });
  if ('unread' in value) return fromBinary(AttributeProtoSchema, value.unread);
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

const isExact = (value: bigint): boolean =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;

function attributeFromProto(attribute: AttributeProto, source: Source): AttributeValue {
  switch (attribute.type) {
    case ATTRIBUTE.float:
      return { float: attribute.f };
    case ATTRIBUTE.int:
      return isExact(attribute.i) ? Number(attribute.i) : { wide: attribute.i };
    case ATTRIBUTE.string:
      return textOf(attribute.s) ?? { bytes: attribute.s };
    case ATTRIBUTE.floats:
      return { floats: attribute.floats };
    case ATTRIBUTE.ints:
      return attribute.ints.every(isExact) ? attribute.ints.map(Number) : { wides: attribute.ints };
    case ATTRIBUTE.strings: {
      const texts = attribute.strings.map(textOf);
      const isText = (text: string | undefined): text is string => text !== undefined;
      return texts.length > 0 && texts.every(isText) ? texts : { byteStrings: attribute.strings };
    }
    case ATTRIBUTE.tensor:
      if (attribute.t) {
        return {
          tensor: tensorFromProto(attribute.t, `${source.where}: ${attribute.name}`, source.external),
        };
      }
      break;
    case ATTRIBUTE.graph:
      if (attribute.g) return { graph: graphFromProto(attribute.g, source) };
      break;
    default:
      if (attribute.type > LAST_ATTRIBUTE_TYPE || attribute.type < 1) {
        throw new HarrierError('not-supported', `attribute "${attribute.name}" has no type that ONNX knows`, {
          where: source.where,
          received: `${attribute.type}`,
        });
      }
      return { unread: toBinary(AttributeProtoSchema, attribute) };
  }
  throw new HarrierError('bad-graph', `attribute "${attribute.name}" is empty`, { where: source.where });
}

/** Undefined for bytes that are not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decode(bytes);
  } catch {
    return undefined;
  }
}
