import { create, fromBinary, type Message, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { decodeModel, encodeModel } from './codec.ts';
import { AttributeProtoSchema, type ModelProto, ModelProtoSchema } from './generated/onnx_pb.ts';
import { denseTensor } from './sparse.ts';
import { intAttribute, intsAttribute, tensor } from './types.ts';

/** A file by another program: an op of a domain of its own, over a value of two axes. */
function file(change: (proto: ModelProto) => void): ModelProto {
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'exporter',
    producerVersion: '2.7',
    opsetImport: [
      { domain: '', version: 17n },
      { domain: 'my', version: 3n },
    ],
    graph: {
      name: 'g',
      input: [
        {
          name: 'x',
          type: {
            tensorType: { elemType: 1, shape: { dim: [{}, { value: { case: 'dimParam', value: 'C' } }] } },
          },
        },
      ],
      output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }],
      node: [{ opType: 'Foo', domain: 'my', input: ['x'], output: ['y'] }],
    },
  });
  change(proto);
  return proto;
}

/** A field that Harrier does not read, of any message: number 50, three bytes. */
const unread = [{ no: 50, wireType: 2, data: Uint8Array.of(3, 1, 2, 3) }];
const attribute = (init: MessageInitShape<typeof AttributeProtoSchema>) => create(AttributeProtoSchema, init);
const withUnread = <T extends Message>(message: T): T => Object.assign(message, { $unknown: unread });

describe('what goes through decodeModel and encodeModel unchanged', () => {
  it.each<[string, (proto: ModelProto) => void]>([
    ['an input without sizes, an output without rank', () => {}],
    [
      'integers beyond 2⁵³',
      ({ graph }) =>
        graph!.node[0].attribute.push(
          attribute({ name: 'big', type: 2, i: 1152921504606846979n }),
          attribute({ name: 'least', type: 2, i: -(2n ** 63n) }),
          attribute({ name: 'list', type: 7, ints: [1n, 9007199254740993n] }),
        ),
    ],
    [
      'empty lists of every type',
      ({ graph }) =>
        graph!.node[0].attribute.push(
          attribute({ name: 'strings', type: 8 }),
          attribute({ name: 'floats', type: 6 }),
          attribute({ name: 'ints', type: 7 }),
        ),
    ],
    [
      'strings that are not UTF-8',
      ({ graph }) =>
        graph!.node[0].attribute.push(
          attribute({ name: 's', type: 3, s: Uint8Array.of(0xff, 0xfe, 0, 1) }),
          attribute({ name: 'list', type: 8, strings: [Uint8Array.of(0xff), Uint8Array.of(111, 107)] }),
        ),
    ],
    [
      'attributes of types that are not read',
      ({ graph }) =>
        graph!.node[0].attribute.push(
          withUnread(attribute({ name: 'graphs', type: 10 })),
          withUnread(attribute({ name: 'type', type: 13 })),
        ),
    ],
    [
      'functions, documentation, and whatever else a message holds',
      (proto) => {
        const graph = proto.graph!;
        graph.node[0].attribute.push(withUnread(attribute({ name: 'axis', type: 2, i: 1n })));
        graph.initializer.push({
          ...create(ModelProtoSchema, {
            graph: { initializer: [{ name: 'w', dims: [1n], dataType: 1, rawData: new Uint8Array(4) }] },
          }).graph!.initializer[0],
          $unknown: unread,
        });
        const [input] = graph.input;
        for (const message of [
          proto,
          graph,
          graph.node[0],
          input,
          input.type!,
          input.type!.tensorType!.shape!.dim[1],
        ])
          message.$unknown = unread;
      },
    ],
    [
      'sparse initializers',
      ({ graph }) =>
        graph!.sparseInitializer.push(
          create(ModelProtoSchema, {
            graph: {
              sparseInitializer: [
                {
                  values: { name: 'w', dims: [2n], dataType: 1, rawData: new Uint8Array(8) },
                  indices: { name: 'w_indices', dims: [2n], dataType: 7, rawData: new Uint8Array(16) },
                  dims: [4n],
                },
              ],
            },
          }).graph!.sparseInitializer[0],
        ),
    ],
    [
      'initializers that an input may replace',
      ({ graph }) => {
        graph!.initializer.push(
          create(ModelProtoSchema, {
            graph: { initializer: [{ name: 'w', dims: [1n], dataType: 1, rawData: new Uint8Array(4) }] },
          }).graph!.initializer[0],
        );
        graph!.input.push({ ...graph!.input[0], name: 'w' });
      },
    ],
    [
      'metadata',
      (proto) => {
        proto.metadataProps.push({
          ...create(ModelProtoSchema, { metadataProps: [{ key: '__proto__', value: 'ü' }] }).metadataProps[0],
        });
      },
    ],
  ])('%s', (_, change) => {
    const bytes = toBinary(ModelProtoSchema, file(change));
    const again = encodeModel(decodeModel(bytes));
    expect(fromBinary(ModelProtoSchema, again)).toEqual(fromBinary(ModelProtoSchema, bytes));
  });

  it('reads wide integers as the nearest numbers', () => {
    const { graph } = decodeModel(
      toBinary(
        ModelProtoSchema,
        file((proto) =>
          proto.graph!.node[0].attribute.push(
            attribute({ name: 'end', type: 2, i: 2n ** 63n - 1n }),
            attribute({ name: 'ends', type: 7, ints: [3n, 2n ** 63n - 1n] }),
          ),
        ),
      ),
    );
    const [{ attributes }] = graph.nodes;
    expect(intAttribute(attributes, 'end', 0)).toBe(2 ** 63);
    expect(intsAttribute(attributes, 'ends')).toEqual([3, 2 ** 63]);
  });
});

describe('what a file cannot be', () => {
  const refused = (change: (proto: ModelProto) => void) => () =>
    decodeModel(toBinary(ModelProtoSchema, file(change)), 'cat.onnx');
  it.each<[string, (proto: ModelProto) => void, RegExp]>([
    [
      'bfloat16',
      ({ graph }) => {
        graph!.input[0].type!.tensorType!.elemType = 16;
      },
      /cat\.onnx: x: element type bfloat16 is not supported/,
    ],
    [
      'float8',
      ({ graph }) => {
        graph!.input[0].type!.tensorType!.elemType = 17;
      },
      /float8e4m3fn/,
    ],
    [
      'int4',
      ({ graph }) => {
        graph!.input[0].type!.tensorType!.elemType = 22;
      },
      /element type int4/,
    ],
    [
      'strings',
      ({ graph }) => {
        graph!.input[0].type!.tensorType!.elemType = 8;
      },
      /element type string/,
    ],
    [
      'no element type',
      ({ graph }) => {
        graph!.input[0].type!.tensorType!.elemType = 0;
      },
      /element type is missing/,
    ],
    [
      'a size beyond all numbers',
      ({ graph }) => {
        graph!.input[0].type!.tensorType!.shape!.dim[0].value = { case: 'dimValue', value: 2n ** 63n - 1n };
      },
      /"x" has an impossible size: received 9223372036854775807/,
    ],
    [
      'an operator set beyond all numbers',
      (proto) => {
        proto.opsetImport[0].version = 2n ** 63n - 1n;
      },
      /operator set of "ai\.onnx" has no valid version/,
    ],
  ])('%s', (_, change, message) => {
    expect(refused(change)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
  });

  it.each([
    ['', 'an empty file'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:00', 'a pointer of Git LFS'],
    ['<!doctype html><html>', 'a page of HTML'],
    ['PK\u0003\u0004 archive/data.pkl', 'a ZIP archive'],
  ])('another file: %j', (text, name) => {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect(() => decodeModel(bytes, 'cat.onnx')).toThrow(name);
  });
});

describe('a sparse tensor', () => {
  const sparse = (dims: number[], indices: number[], shape: number[]) => ({
    dims,
    values: tensor('float32', [2], [5, 7]),
    indices: tensor('int64', shape, indices),
    indicesName: 'i',
  });

  it('is written out from flat positions and from rows of indices', () => {
    const expected = tensor('float32', [2, 3], [0, 5, 0, 0, 0, 7]);
    expect(denseTensor(sparse([2, 3], [1, 5], [2]), 'w')).toEqual(expected);
    expect(denseTensor(sparse([2, 3], [0, 1, 1, 2], [2, 2]), 'w')).toEqual(expected);
  });

  it.each([
    [[2, 3], [1, 6], [2]],
    [[2, 3], [-1, 5], [2]],
    [
      [2, 3],
      [0, 3, 1, 2],
      [2, 2],
    ],
    [[2, 3], [0], [1]],
  ])('is refused where its indices do not fit: %j %j', (dims, indices, shape) => {
    expect(() => denseTensor(sparse(dims, indices, shape), 'w')).toThrow(
      expect.objectContaining({ code: 'bad-graph' }),
    );
  });

  it('is refused where it would fill the memory', () => {
    expect(() => denseTensor(sparse([2 ** 20, 2 ** 20], [1, 5], [2]), 'w')).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });
});
