import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { HarrierError } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors, type TensorFile } from './safetensors.ts';

const SEED = 11;

const file: TensorFile = {
  tensors: new Map([
    [
      'conv2d/kernel',
      { shape: [2, 1, 3], data: Float32Array.of(1, -2.5, 3e-38, -0, Number.MAX_VALUE, 1 / 3) },
    ],
    ['empty', { shape: [0, 4], data: new Float32Array() }],
    ['scalar', { shape: [], data: Float32Array.of(7) }],
    ['Größe/日本/🦅', { shape: [1], data: Float32Array.of(Number.POSITIVE_INFINITY) }],
  ]),
  metadata: { 'harrier.format': '1', classes: 'Rebhuhn, Ähre, 鷹, 🦅, "quoted", \\, \u0000, \ud800' },
};

/** A file with any header before `body` bytes of zeros. */
function withHeader(header: string | Uint8Array, body = 16): Uint8Array {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function expectRefused(bytes: Uint8Array, about = ''): void {
  let error: unknown;
  try {
    decodeSafetensors(bytes, 'last.safetensors');
  } catch (caught) {
    error = caught;
  }
  expect(error, about).toBeInstanceOf(HarrierError);
  expect((error as HarrierError).code).toBe('bad-checkpoint');
  expect((error as HarrierError).message).toMatch(/^last\.safetensors: .*take another checkpoint\.$/);
}

describe('safetensors', () => {
  it('come back as they were, names and texts in any script', () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors(file), 'file');
    expect(metadata).toEqual(file.metadata);
    expect([...tensors]).toEqual([...file.tensors]);
    expect(Object.is(tensors.get('conv2d/kernel')!.data[3], -0)).toBe(true);
  });

  it('may lie anywhere in a larger buffer', () => {
    const bytes = encodeSafetensors(file);
    const larger = new Uint8Array(bytes.length + 13);
    larger.set(bytes, 5);
    expect(decodeSafetensors(larger.subarray(5, 5 + bytes.length), 'file')).toEqual(
      decodeSafetensors(bytes, 'file'),
    );
  });

  it('follow the format: length, header that starts with { and ends aligned, data', () => {
    const bytes = encodeSafetensors(file);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header['conv2d/kernel']).toEqual({ dtype: 'F32', shape: [2, 1, 3], data_offsets: [0, 24] });
    expect(header.scalar).toEqual({ dtype: 'F32', shape: [], data_offsets: [24, 28] });
    expect(bytes.length).toBe(8 + length + 32);
  });

  it('are refused when cut off anywhere', () => {
    const bytes = encodeSafetensors(file);
    for (let length = 0; length < bytes.length; length++) {
      expectRefused(bytes.subarray(0, length), `the first ${length} of ${bytes.length} bytes`);
    }
  });

  it('are refused with bytes after the last array', () => {
    const bytes = encodeSafetensors(file);
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(() => decodeSafetensors(longer, 'long')).toThrow(
      'long: it holds more after its last array (bytes: 1)',
    );
  });

  it.each([
    ['another type', '{"a":{"dtype":"F16","shape":[8],"data_offsets":[0,16]}}'],
    ['no type', '{"a":{"shape":[4],"data_offsets":[0,16]}}'],
    ['no array', '{"a":null}'],
    ['a list as array', '{"a":[1,2]}'],
    ['no shape', '{"a":{"dtype":"F32","data_offsets":[0,16]}}'],
    ['a shape in words', '{"a":{"dtype":"F32","shape":["4"],"data_offsets":[0,16]}}'],
    ['a negative shape', '{"a":{"dtype":"F32","shape":[-2,-2],"data_offsets":[0,16]}}'],
    ['half a number', '{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,2]}}'],
    ['one offset', '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}'],
    ['offsets before the data', '{"a":{"dtype":"F32","shape":[4],"data_offsets":[-8,8]}}'],
    ['offsets past the data', '{"a":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}'],
    ['offsets the wrong way', '{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}'],
    ['another size than its shape', '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}'],
    ['an endless size', '{"a":{"dtype":"F32","shape":[1e308,1e308],"data_offsets":[0,16]}}'],
    ['metadata that is nothing', '{"__metadata__":null}'],
    ['metadata that is no text', '{"__metadata__":{"step":5}}'],
    ['a header that is nothing', 'null'],
    ['a header that is a list', '[]'],
    ['a header that is a number', '5'],
    ['a header that is no JSON', '{"a":'],
    ['an empty header', ''],
  ])('are refused with %s', (_, header) => expectRefused(withHeader(header)));

  it('are refused when the header is no UTF-8 or of absurd length', () => {
    expectRefused(withHeader(Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)));
    const bytes = withHeader('{}');
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 64n - 1n, true);
    expectRefused(bytes);
  });

  it(`never do anything but work or be refused, whatever the bytes (seed ${SEED})`, () => {
    const good = encodeSafetensors(file);
    const draw = random(SEED, 'fuzz');
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      let bytes: Uint8Array;
      if (round % 3 === 0) {
        bytes = Uint8Array.from({ length: draw.integer(64) }, () => draw.integer(256));
        // Half of the noise claims a header that is there.
        if (bytes.length > 8 && round % 2 === 0) bytes.fill(0, 0, 8)[0] = bytes.length - 8;
      } else {
        bytes = good.slice();
        for (let i = 0; i <= draw.integer(4); i++) bytes[draw.integer(good.length)] = draw.integer(256);
      }
      try {
        for (const { shape, data } of decodeSafetensors(bytes, 'noise').tensors.values()) {
          expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
        }
      } catch (error) {
        if (!(error instanceof HarrierError && error.code === 'bad-checkpoint')) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1500);
  });
});
