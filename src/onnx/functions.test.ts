import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, it } from 'vitest';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { AttributeProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema } from './generated/onnx_pb.ts';
import { decodeModel, encodeModel, float, float32, inlineFunctions, type Model, type Node } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });

interface FunctionToWrite {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly { op: string; domain?: string; in: string[]; out: string[]; reference?: string }[];
  /** Defaults of the attribute "slope". */
  readonly slope?: number;
  readonly opset?: bigint;
}

/** A FunctionProto of the domain "mine", as a field of a model. */
function written({ name, inputs, outputs, nodes, slope, opset = 21n }: FunctionToWrite) {
  const writer = new BinaryWriter();
  const bytes = (field: number, content: Uint8Array) =>
    writer.tag(field, WireType.LengthDelimited).bytes(content);
  writer.tag(1, WireType.LengthDelimited).string(name);
  for (const each of inputs) writer.tag(4, WireType.LengthDelimited).string(each);
  for (const each of outputs) writer.tag(5, WireType.LengthDelimited).string(each);
  for (const { op, domain = '', in: input, out: output, reference } of nodes) {
    const attribute =
      reference === undefined ? [] : [create(AttributeProtoSchema, { name: 'alpha', type: 1 })];
    for (const each of attribute) {
      const data = new BinaryWriter().string(reference!).finish();
      each.$unknown = [{ no: 21, wireType: WireType.LengthDelimited, data }];
    }
    bytes(
      7,
      toBinary(NodeProtoSchema, create(NodeProtoSchema, { opType: op, domain, input, output, attribute })),
    );
  }
  bytes(9, toBinary(OperatorSetIdProtoSchema, create(OperatorSetIdProtoSchema, { version: opset })));
  bytes(
    9,
    toBinary(OperatorSetIdProtoSchema, create(OperatorSetIdProtoSchema, { domain: 'mine', version: 1n })),
  );
  writer.tag(10, WireType.LengthDelimited).string('mine');
  if (slope !== undefined) {
    bytes(
      11,
      toBinary(AttributeProtoSchema, create(AttributeProtoSchema, { name: 'slope', type: 1, f: slope })),
    );
  }
  const whole = new BinaryWriter().bytes(writer.finish()).finish();
  return { no: 25, wireType: WireType.LengthDelimited, data: whole };
}

const node = (
  opType: string,
  inputs: string[],
  outputs: string[],
  attributes: Node['attributes'] = {},
): Node => ({
  name: outputs[0],
  opType,
  domain: 'mine',
  inputs,
  outputs,
  attributes,
});

function model(functions: readonly FunctionToWrite[], nodes: readonly Node[]): Model {
  const value = (name: string) => ({ name, type: 'float32' as const, shape: ['N', 3] });
  return decodeModel(
    encodeModel({
      graph: {
        name: 'functions',
        inputs: [value('x')],
        outputs: [value('y')],
        initializers: new Map(),
        nodes,
      },
      opsets: { '': 21, mine: 1 },
      metadata: { kept: 'yes' },
      unread: functions.map(written),
    }),
  );
}

const leaky: FunctionToWrite = {
  name: 'Leaky',
  inputs: ['a'],
  outputs: ['b'],
  nodes: [
    { op: 'LeakyRelu', in: ['a'], out: ['inner'], reference: 'slope' },
    { op: 'Add', in: ['inner', 'a'], out: ['b'] },
  ],
  slope: 0.3,
};
const twice: FunctionToWrite = {
  name: 'Twice',
  inputs: ['a'],
  outputs: ['b'],
  nodes: [
    { op: 'Leaky', domain: 'mine', in: ['a'], out: ['inner'] },
    { op: 'Leaky', domain: 'mine', in: ['inner'], out: ['b'] },
  ],
};

async function run(given: Model): Promise<number[]> {
  const executable = await runtime.compile(given);
  try {
    const { y } = await executable.step({ x: float32([2, 3], [-1, 2, -3, 4, -5, 6]) });
    return Array.from(y.data as Float32Array);
  } finally {
    await executable.dispose();
  }
}

it('calls become the nodes of their functions, with the attributes of the call or their defaults', async () => {
  const given = model(
    [leaky, twice],
    [
      node('Leaky', ['x'], ['h'], { slope: float(0.1) }),
      node('Leaky', ['h'], ['g']),
      node('Twice', ['g'], ['y']),
    ],
  );
  const inlined = inlineFunctions(given, 'model');
  expect(inlined.graph.nodes.map(({ opType, domain }) => `${domain}${opType}`)).toEqual([
    ...['LeakyRelu', 'Add', 'LeakyRelu', 'Add', 'LeakyRelu', 'Add', 'LeakyRelu', 'Add'],
  ]);
  expect(inlined.metadata).toEqual({ kept: 'yes' });
  expect(await run(inlined)).toEqual(await run(given));
});

it('a model without functions is left alone', () => {
  const given = model([], [node('Other', ['x'], ['y'])]);
  expect(inlineFunctions(given, 'model')).toBe(given);
});

it('functions that call themselves, or are of another operator set, are refused', () => {
  const endless = {
    ...leaky,
    name: 'Endless',
    nodes: [{ op: 'Endless', domain: 'mine', in: ['a'], out: ['b'] }],
  };
  expect(() => inlineFunctions(model([endless], [node('Endless', ['x'], ['y'])]), 'net.onnx')).toThrow(
    'net.onnx: its function Endless calls itself.',
  );
  expect(() =>
    inlineFunctions(model([{ ...leaky, opset: 17n }], [node('Leaky', ['x'], ['y'])]), 'net.onnx'),
  ).toThrow('net.onnx: its function Leaky is of another operator set: expected opset 21, received opset 17.');
});
