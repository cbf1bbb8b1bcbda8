import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { HarrierError } from '../errors.ts';
import { decodeModel, encodeModel } from './codec.ts';
import { elementTypeOf } from './element-types.ts';
import { ModelProtoSchema, StringStringEntryProtoSchema, type TensorProto } from './generated/onnx_pb.ts';
import {
  type Attributes,
  type ElementType,
  float,
  float32,
  type Graph,
  int64,
  type Model,
  numbersOf,
  type Tensor,
  type TensorData,
  tensor,
} from './types.ts';

const SEED = 1;
const TYPES: readonly ElementType[] = [
  ...(['float32', 'float64', 'float16', 'bool'] as const),
  ...(['uint8', 'int8', 'uint16', 'int16', 'int32', 'uint32', 'int64', 'uint64'] as const),
];

/** Largest and smallest of every type, and what lies between. */
const SAMPLES: Record<ElementType, readonly number[]> = {
  float32: [0, -0, 1.5, -3.4028234663852886e38, 1.401298464324817e-45, Number.NaN, Number.POSITIVE_INFINITY],
  float64: [0, -0, Math.PI, -Number.MAX_VALUE, Number.MIN_VALUE, Number.NaN, Number.NEGATIVE_INFINITY],
  float16: [0, 0x3c00, 0x7c00, 0xffff],
  bool: [0, 1, 1, 0],
  uint8: [0, 255, 128],
  int8: [-128, 127, 0],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 0, -1],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

function graphOf(nodes: Graph['nodes'] = [], initializers: [string, Tensor][] = []): Graph {
  return {
    name: 'sample',
    inputs: [
      { name: 'image', type: 'uint8', shape: ['N', 32, 32, 3] },
      { name: 'scalar', type: 'float32', shape: [] },
    ],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 10] }],
    initializers: new Map(initializers),
    nodes,
  };
}

const node = (attributes: Attributes): Graph['nodes'][number] => ({
  name: 'layer/Op',
  opType: 'Op',
  domain: 'com.microsoft',
  inputs: ['image', '', 'scalar'],
  outputs: ['y', 'second'],
  attributes,
});

const ATTRIBUTES: Attributes = {
  int: -7,
  zero: 0,
  float: float(0.5),
  wholeFloat: float(1),
  string: 'SAME_UPPER – größer ⊕ 🦅',
  empty: '',
  ints: [1, -2, 2 ** 40],
  noInts: [],
  floats: { floats: [0.25, -1, 3] },
  strings: ['relu', 'tanh', 'ü'],
  tensor: { tensor: tensor('int64', [2, 2], [1, 2, 3, 4]) },
  graph: { graph: graphOf([node({ axis: 1 })], [['inner', float32([1], [2])]]) },
};

const SAMPLE: Model = {
  graph: graphOf(
    [node(ATTRIBUTES), { ...node({}), domain: '', name: '' }],
    TYPES.map((type) => [`w/${type}`, tensorOf(type)]),
  ),
  opsets: { '': 21, 'com.microsoft': 1 },
  metadata: { harrier: '{"classes":["Flugzeug","Vögel"]}', empty: '' },
};

function tensorOf(type: ElementType): Tensor {
  return tensor(type, [1, SAMPLES[type].length], SAMPLES[type]);
}

describe('encode and decode', () => {
  it('give the model back', () => {
    expect(decodeModel(encodeModel(SAMPLE))).toEqual(SAMPLE);
  });

  it('give the same bytes again', () => {
    const bytes = encodeModel(SAMPLE);
    expect(encodeModel(SAMPLE)).toEqual(bytes);
    expect(encodeModel(decodeModel(bytes))).toEqual(bytes);
  });

  it('do not share memory with the file', () => {
    const bytes = encodeModel({ ...SAMPLE, graph: graphOf([], [['w', float32([2], [1, 2])]]) });
    const { graph } = decodeModel(bytes);
    bytes.fill(0);
    expect(numbersOf(graph.initializers.get('w')!)).toEqual([1, 2]);
  });

  it('keep tensors that are views of a larger memory', () => {
    const memory = Float32Array.from([9, 1, 2, 9]);
    const w = float32([2], memory.subarray(1, 3));
    const { graph } = decodeModel(encodeModel({ ...SAMPLE, graph: graphOf([], [['w', w]]) }));
    expect(numbersOf(graph.initializers.get('w')!)).toEqual([1, 2]);
  });

  it('keep empty tensors and scalars', () => {
    const initializers: [string, Tensor][] = [
      ['empty', float32([0, 3], [])],
      ['scalar', float32([], [4])],
    ];
    const { graph } = decodeModel(encodeModel({ ...SAMPLE, graph: graphOf([], initializers) }));
    expect([...graph.initializers]).toEqual(initializers);
  });

  it('keep "to the end" of a slice, 2⁶³ − 1', () => {
    const model = { ...SAMPLE, graph: graphOf([node({ end: 2 ** 63, ends: [-(2 ** 63), 2 ** 63] })]) };
    const proto = fromBinary(ModelProtoSchema, encodeModel(model));
    const [end, ends] = proto.graph!.node[0].attribute;
    expect(end.i).toBe(2n ** 63n - 1n);
    expect(ends.ints).toEqual([-(2n ** 63n), 2n ** 63n - 1n]);
    expect(encodeModel(decodeModel(encodeModel(model)))).toEqual(encodeModel(model));
  });

  it('refuse a fraction that is not marked as a float', () => {
    const model = { ...SAMPLE, graph: graphOf([node({ epsilon: 1e-5 })]) };
    expect(() => encodeModel(model)).toThrow(
      expect.objectContaining({ code: 'bad-graph', message: expect.stringContaining('float(') }),
    );
  });
});

describe('files of other programs', () => {
  /** The sample with its proto changed by hand. */
  const changed = (change: (proto: ReturnType<typeof readSample>) => void): Uint8Array => {
    const proto = readSample();
    change(proto);
    return toBinary(ModelProtoSchema, proto);
  };
  const readSample = () => create(ModelProtoSchema, fromBinary(ModelProtoSchema, encodeModel(SAMPLE)));

  const field: Record<ElementType, 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data'> = {
    float32: 'floatData',
    float64: 'doubleData',
    int64: 'int64Data',
    uint64: 'uint64Data',
    uint32: 'uint64Data',
    float16: 'int32Data',
    bool: 'int32Data',
    uint8: 'int32Data',
    int8: 'int32Data',
    uint16: 'int32Data',
    int16: 'int32Data',
    int32: 'int32Data',
  };
  it.each(TYPES)('keep %s elements in a field of their own type', (type) => {
    const bytes = changed(({ graph }) => {
      const proto = graph!.initializer.find(({ name }) => name === `w/${type}`)!;
      proto.rawData = new Uint8Array();
      const wide = field[type].includes('64');
      (proto as unknown as Record<string, unknown>)[field[type]] = SAMPLES[type].map((x) =>
        wide ? BigInt(x) : x,
      );
    });
    expect(decodeModel(bytes).graph.initializers.get(`w/${type}`)).toEqual(tensorOf(type));
  });

  it('list initializers among the inputs', () => {
    const bytes = changed(({ graph }) => graph!.input.push({ ...graph!.input[1], name: 'w/float32' }));
    expect(decodeModel(bytes).graph.inputs.map(({ name }) => name)).toEqual(['image', 'scalar']);
  });

  it('spell ONNX’s own domain out', () => {
    const bytes = changed(({ graph }) => {
      graph!.node[1].domain = 'ai.onnx';
    });
    expect(decodeModel(bytes).graph.nodes[1].domain).toBe('');
  });

  it('leave sizes open', () => {
    const bytes = changed(({ graph }) => {
      const [dim, other] = graph!.input[0].type!.tensorType!.shape!.dim;
      dim.value = { case: undefined };
      other.value = { case: 'dimValue', value: -1n };
    });
    expect(decodeModel(bytes).graph.inputs[0].shape).toEqual(['image_0', 'image_1', 32, 3]);
  });

  const weight = ({ graph }: ReturnType<typeof readSample>): TensorProto => graph!.initializer[0];
  it.each<[string, string, (proto: ReturnType<typeof readSample>) => void]>([
    [
      'weights in another file',
      'not-supported',
      (proto) => {
        weight(proto).dataLocation = 1;
        weight(proto).externalData = [
          create(StringStringEntryProtoSchema, { key: 'location', value: 'w.bin' }),
        ];
      },
    ],
    [
      'an unknown element type',
      'not-supported',
      (proto) => {
        weight(proto).dataType = 99;
      },
    ],
    [
      'too few bytes',
      'bad-graph',
      (proto) => {
        weight(proto).rawData = new Uint8Array(3);
      },
    ],
    [
      'a size beyond all memory',
      'bad-graph',
      (proto) => {
        weight(proto).dims = [2n ** 40n, 2n ** 22n];
      },
    ],
    [
      'a size beyond all memory and no data',
      'bad-graph',
      (proto) => {
        weight(proto).dims = [2n ** 31n];
        weight(proto).rawData = new Uint8Array();
      },
    ],
    [
      'a negative size',
      'bad-graph',
      (proto) => {
        weight(proto).dims = [-1n, -7n];
      },
    ],
    [
      'too few elements',
      'bad-graph',
      (proto) => {
        weight(proto).rawData = new Uint8Array();
        weight(proto).floatData = [1, 2];
      },
    ],
    [
      'an attribute of no type',
      'not-supported',
      ({ graph }) => {
        graph!.node[0].attribute[0].type = 0;
      },
    ],
    [
      'a value that is no tensor',
      'not-supported',
      ({ graph }) => {
        graph!.input[0].type = undefined;
      },
    ],
    [
      'no graph',
      'bad-graph',
      (proto) => {
        proto.graph = undefined;
      },
    ],
    [
      'no operator set',
      'bad-graph',
      (proto) => {
        proto.opsetImport = [];
      },
    ],
  ])('with %s are refused', (_, code, change) => {
    const bytes = changed(change);
    expect(() => decodeModel(bytes, 'cat.onnx')).toThrow(HarrierError);
    expect(() => decodeModel(bytes, 'cat.onnx')).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^cat\.onnx.*: .*\.$/) }),
    );
  });
});

describe('bytes that are no model', () => {
  const bytes = encodeModel(SAMPLE);
  /** @returns the error's code, or undefined where the bytes could be read; anything but a HarrierError is thrown on */
  const codeOf = (input: Uint8Array): string | undefined => {
    try {
      decodeModel(input);
      return undefined;
    } catch (error) {
      if (error instanceof HarrierError) return error.code;
      throw error;
    }
  };

  it('are refused when there are none, or when they are something else', () => {
    expect(codeOf(new Uint8Array())).toBe('bad-graph');
    expect(codeOf(Uint8Array.from('<!doctype html>', (c) => c.charCodeAt(0)))).toBe('bad-graph');
    expect(codeOf(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10))).toBe('bad-graph');
  });

  it('are refused wherever they are cut off before the operator sets', () => {
    // Metadata comes last: a file cut off between two entries is whole as far as anyone can tell.
    const whole = encodeModel({ ...SAMPLE, metadata: {}, opsets: { '': 21 } });
    for (let length = 0; length < whole.length; length++) {
      expect(codeOf(whole.subarray(0, length)), `${length} of ${whole.length} bytes`).toBe('bad-graph');
    }
  });

  it(`never give another error, whatever is changed in them (seed ${SEED})`, () => {
    for (let round = 0; round < 2000; round++) {
      const stream = random(SEED, 'codec/mutation', round);
      const mutated = mutate(bytes, stream);
      expect([undefined, 'bad-graph', 'not-supported'], `round ${round}`).toContain(codeOf(mutated));
    }
  });

  it(`never give another error, whatever they are (seed ${SEED})`, () => {
    for (let round = 0; round < 500; round++) {
      const stream = random(SEED, 'codec/noise', round);
      const noise = Uint8Array.from({ length: stream.integer(200) }, () => stream.integer(256));
      expect([undefined, 'bad-graph', 'not-supported'], `round ${round}`).toContain(codeOf(noise));
    }
  });
});

/** Some bytes overwritten, inserted, taken out or doubled, and the end perhaps cut off. */
function mutate(bytes: Uint8Array, stream: ReturnType<typeof random>): Uint8Array {
  const list = Array.from(bytes);
  for (let edits = 1 + stream.integer(4); edits > 0; edits--) {
    const at = stream.integer(list.length);
    switch (stream.integer(5)) {
      case 0:
        list[at] = stream.integer(256);
        break;
      case 1:
        list[at] ^= 1 << stream.integer(8);
        break;
      case 2:
        list.splice(at, 0, stream.integer(256));
        break;
      case 3:
        list.splice(at, 1 + stream.integer(8));
        break;
      case 4:
        list.splice(at, 0, ...list.slice(at, at + stream.integer(32)));
        break;
    }
  }
  return Uint8Array.from(stream.integer(4) === 0 ? list.slice(0, stream.integer(list.length)) : list);
}

describe('helpers', () => {
  it('know no element type beyond the table', () => {
    expect(elementTypeOf(1, 'here')).toBe('float32');
    expect(() => elementTypeOf(8, 'here')).toThrow(expect.objectContaining({ code: 'not-supported' }));
  });

  it('make tensors from numbers', () => {
    expect(int64([1, -2]).data).toEqual(BigInt64Array.of(1n, -2n));
    const made: TensorData[] = TYPES.map((type) => tensorOf(type).data);
    expect(made.map(({ length }) => length)).toEqual(TYPES.map((type) => SAMPLES[type].length));
  });
});
