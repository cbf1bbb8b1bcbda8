import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { decodeNpy } from './npy.ts';

/** A file as numpy.save writes it, or with something wrong about it. */
function npy(
  header: string,
  content: Uint8Array,
  { version = 1, magic = '\x93NUMPY' }: { version?: number; magic?: string } = {},
): Uint8Array {
  const prefix = version === 1 ? 10 : 12;
  const padded = `${header.padEnd(Math.ceil((prefix + header.length + 1) / 64) * 64 - prefix - 1)}\n`;
  const bytes = new Uint8Array(prefix + padded.length + content.length);
  const view = new DataView(bytes.buffer);
  bytes.set(Array.from(magic, (letter) => letter.charCodeAt(0)));
  bytes.set([version, 0], 6);
  if (version === 1) view.setUint16(8, padded.length, true);
  else view.setUint32(8, padded.length, true);
  bytes.set(
    Array.from(padded, (letter) => letter.charCodeAt(0)),
    prefix,
  );
  bytes.set(content, prefix + padded.length);
  return bytes;
}
const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;

describe('decodeNpy', () => {
  it.each([1, 2, 3])('reads version %i', (version) => {
    const file = npy(header("'|u1'", '(2, 3)'), Uint8Array.of(1, 2, 3, 4, 5, 255), { version });
    expect(decodeNpy(file, 'it')).toEqual({
      type: '|u1',
      shape: [2, 3],
      data: Uint8Array.of(1, 2, 3, 4, 5, 255),
    });
  });

  it.each([
    ["'<i4'", Int32Array.of(3, -70000)],
    ["'<i8'", BigInt64Array.of(3n, -(2n ** 40n))],
    ["'<f4'", Float32Array.of(0.5, -2)],
    ["'<f8'", Float64Array.of(1e300, -2)],
  ])('reads %s', (descr, values) => {
    const file = npy(header(descr, '(2,)'), new Uint8Array(values.buffer));
    expect(decodeNpy(file, 'it').data).toEqual(values);
    // At an odd address, as a part of a larger buffer may be.
    const larger = new Uint8Array(file.length + 1);
    larger.set(file, 1);
    expect(decodeNpy(larger.subarray(1), 'it')).toMatchObject({ shape: [2], data: values });
    expect(decodeNpy(Buffer.from(larger.buffer, 1), 'it').data).toEqual(values);
  });

  it('reads a number without axes, and keys in another order', () => {
    const file = npy("{'shape': (), 'fortran_order': False, 'descr': '|i1'}", Uint8Array.of(255));
    expect(decodeNpy(file, 'it')).toEqual({ type: '|i1', shape: [], data: Int8Array.of(-1) });
  });

  const six = new Uint8Array(6);
  const good = header("'|u1'", '(2, 3)');
  it.each<[string, Uint8Array, RegExp]>([
    ['of something else', npy(good, six, { magic: 'PNG   ' }), /it: this is not a \.npy file/],
    ['of no bytes', new Uint8Array(), /this is not a \.npy file/],
    [
      'of a later version',
      npy(good, six, { version: 4 }),
      /version of the \.npy format.*expected 1, 2 or 3, received 4\.0/,
    ],
    [
      'in Fortran order',
      npy(header("'|u1'", '(2, 3)', 'True'), six),
      /expected C order, received Fortran order/,
    ],
    ['big-endian', npy(header("'>i4'", '(1,)'), six), /element type.*received '>i4'/],
    ['of Python objects', npy(header("'|O'", '(1,)'), six), /received '\|O'/],
    ['of records', npy(header("[('a', '<i4')]", '(1,)'), six), /received a record of several fields/],
    [
      'without a shape',
      npy("{'descr': '|u1', 'fortran_order': False}", six),
      /header.*cannot be read.*expected descr/,
    ],
    ['cut off', npy(good, six.subarray(1)), /cut off: expected 134 bytes, received 133/],
    ['cut off in its header', npy(good, six).subarray(0, 60), /cut off: expected 128 bytes, received 60/],
    [
      'too long',
      npy(good, new Uint8Array(7)),
      /longer than its header says: expected 134 bytes, received 135/,
    ],
  ])('refuses a file %s', (_, file, message) => {
    expect(() => decodeNpy(file, 'it')).toThrow(HarrierError);
    expect(() => decodeNpy(file, 'it')).toThrow(message);
  });
});
