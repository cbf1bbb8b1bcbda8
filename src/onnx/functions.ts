import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { HarrierError } from '../errors.ts';
import { decodeModel, encodeModel } from './codec.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
} from './generated/onnx_pb.ts';
import type { Model, Unread } from './types.ts';

/** A function that a model defines: nodes under a name, which other nodes call like an op. */
interface ModelFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeProto[];
  /** Attributes that a call may leave out. */
  readonly defaults: readonly AttributeProto[];
  /** Operator set of ONNX's own ops in it; undefined where it has none. */
  readonly opset: number | undefined;
}

/** Numbers of fields, from the ONNX IR specification. */
const FUNCTIONS = 25;
const OVERLOAD_OF_NODE = 8;
const REFERENCE_OF_ATTRIBUTE = 21;

/** Functions that call each other deeper than this call themselves. */
const DEEPEST = 32;

/**
 * A model that defines functions as the same model without: each call becomes the nodes of its function. Exporters write
 * layers so. A model without functions comes back as it is.
 *
 * @throws HarrierError `bad-graph` for functions that call themselves, `not-supported` for one of another operator set
 */
export function inlineFunctions(model: Model, where: string): Model {
  if (!model.unread?.some(({ no }) => no === FUNCTIONS)) return model;
  const proto = fromBinary(ModelProtoSchema, encodeModel(model));
  const functions = new Map(
    (proto.$unknown ?? [])
      .filter(({ no }) => no === FUNCTIONS)
      .map(({ data }) => functionFrom(new BinaryReader(data).bytes()))
      .map((each) => [keyOf(each.domain, each.name, each.overload), each] as const),
  );
  proto.$unknown = proto.$unknown?.filter(({ no }) => no !== FUNCTIONS);
  const { graph } = proto;
  if (!graph) return model;
  const opset = model.opsets[''];
  let calls = 0;
  const inlined = (nodes: readonly NodeProto[], depth: number): NodeProto[] =>
    nodes.flatMap((node) => {
      const called = functions.get(
        keyOf(node.domain, node.opType, textField(node.$unknown, OVERLOAD_OF_NODE)),
      );
      if (!called) return [node];
      if (depth > DEEPEST) {
        throw new HarrierError('bad-graph', `its function ${called.name} calls itself`, { where });
      }
      if (called.opset !== undefined && called.opset !== opset) {
        throw new HarrierError('not-supported', `its function ${called.name} is of another operator set`, {
          where,
          expected: `opset ${opset}`,
          received: `opset ${called.opset}`,
          next: 'Export it again with a newer exporter, or with its functions inlined.',
        });
      }
      return inlined(bodyOf(called, node, `${node.name || node.output[0]}/${calls++ || ''}`), depth + 1);
    });
  graph.node = inlined(graph.node, 0);
  return decodeModel(toBinary(ModelProtoSchema, proto), where);
}

function keyOf(domain: string, name: string, overload = ''): string {
  return [domain === 'ai.onnx' ? '' : domain, name, overload].join('\n');
}

/** The nodes of a function with the values and attributes of a call; its inner values get names of their own. */
function bodyOf(called: ModelFunction, call: NodeProto, scope: string): NodeProto[] {
  const names = new Map<string, string>([['', '']]);
  called.inputs.forEach((name, i) => {
    names.set(name, call.input[i] ?? '');
  });
  called.outputs.forEach((name, i) => {
    if (call.output[i] && !called.inputs.includes(name)) names.set(name, call.output[i]);
  });
  const named = (name: string): string => names.get(name) ?? `${scope}/${name}`;
  const given = new Map(
    [...called.defaults, ...call.attribute].map((attribute) => [attribute.name, attribute]),
  );
  const nodes = called.nodes.map((node) => ({
    ...node,
    name: node.name && `${scope}/${node.name}`,
    input: node.input.map(named),
    output: node.output.map(named),
    attribute: node.attribute.flatMap((attribute) => resolved(attribute, given)),
  }));
  const handedOn = called.outputs.flatMap((name, i) =>
    call.output[i] && called.inputs.includes(name)
      ? [create(NodeProtoSchema, { opType: 'Identity', input: [named(name)], output: [call.output[i]] })]
      : [],
  );
  return [...nodes, ...handedOn];
}

/** An attribute whose value is one of the call's; nothing where the call leaves it out. */
function resolved(attribute: AttributeProto, given: ReadonlyMap<string, AttributeProto>): AttributeProto[] {
  const reference = textField(attribute.$unknown, REFERENCE_OF_ATTRIBUTE);
  if (reference === undefined) return [attribute];
  const value = given.get(reference);
  return value ? [{ ...value, name: attribute.name }] : [];
}

function textField(unread: Unread | undefined, field: number): string | undefined {
  const found = unread?.find(({ no }) => no === field);
  return found && new BinaryReader(found.data).string();
}

/** Reads a FunctionProto: only the fields that inlining needs. */
function functionFrom(bytes: Uint8Array): ModelFunction {
  const reader = new BinaryReader(bytes);
  const texts: Record<'name' | 'domain' | 'overload', string> = { name: '', domain: '', overload: '' };
  const inputs: string[] = [];
  const outputs: string[] = [];
  const nodes: NodeProto[] = [];
  const defaults: AttributeProto[] = [];
  let opset: number | undefined;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) texts.name = reader.string();
    else if (field === 4) inputs.push(reader.string());
    else if (field === 5) outputs.push(reader.string());
    else if (field === 7) nodes.push(fromBinary(NodeProtoSchema, reader.bytes()));
    else if (field === 9) {
      const { domain, version } = fromBinary(OperatorSetIdProtoSchema, reader.bytes());
      if (domain === '' || domain === 'ai.onnx') opset = Number(version);
    } else if (field === 10) texts.domain = reader.string();
    else if (field === 11) defaults.push(fromBinary(AttributeProtoSchema, reader.bytes()));
    else if (field === 13) texts.overload = reader.string();
    else reader.skip(wireType);
  }
  return { ...texts, inputs, outputs, nodes, defaults, opset };
}
