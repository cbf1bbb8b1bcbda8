import { HarrierError } from '../errors.ts';

/** How `.npy` files spell element types (`descr`): the byte order, a letter and the bytes of an element. */
const TYPES = {
  '|u1': Uint8Array,
  '|i1': Int8Array,
  '<u2': Uint16Array,
  '<i2': Int16Array,
  '<u4': Uint32Array,
  '<i4': Int32Array,
  '<u8': BigUint64Array,
  '<i8': BigInt64Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
} as const;
export type NpyType = keyof typeof TYPES;

/** An array of NumPy's, row-major. */
export interface NpyArray {
  /** NumPy's name of the element type: `|u1` is uint8. */
  readonly type: NpyType;
  readonly shape: readonly number[];
  readonly data: InstanceType<(typeof TYPES)[NpyType]>;
}

const MAGIC = [0x93, ...Array.from('NUMPY', (letter) => letter.charCodeAt(0))];

/**
 * Reads a NumPy array: versions 1.0, 2.0 and 3.0 of the format, numbers in C order and little-endian.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * @param where what to call the file in errors
 * @throws HarrierError `bad-data` when it is no such file, or cut off; `not-supported` for anything else in it
 */
export function decodeNpy(bytes: Uint8Array, where: string): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (MAGIC.some((byte, i) => bytes[i] !== byte) || bytes.length < 10) {
    throw new HarrierError('bad-data', 'this is not a .npy file', {
      where,
      expected: 'a file that begins with \\x93NUMPY',
    });
  }
  const version = bytes[6];
  if (version < 1 || version > 3) {
    throw notSupported(where, 'this version of the .npy format', '1, 2 or 3', `${version}.${bytes[7]}`);
  }
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw cutOff(where, start, bytes.length);
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < end) throw cutOff(where, end, bytes.length);
  const { type, shape } = header(
    String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 4096))),
    where,
  );
  const values = TYPES[type];
  const size = shape.reduce((product, length) => product * length, 1) * values.BYTES_PER_ELEMENT;
  if (bytes.length - end !== size) {
    if (bytes.length - end < size) throw cutOff(where, end + size, bytes.length);
    throw new HarrierError('bad-data', 'this .npy file is longer than its header says', {
      where,
      expected: `${end + size} bytes`,
      received: `${bytes.length}`,
    });
  }
  // A copy, since elements of several bytes may not lie at any address (slice() of Node's Buffer makes none).
  return { type, shape, data: new values(new Uint8Array(bytes.subarray(end)).buffer) };
}

/** `{'descr': '|u1', 'fortran_order': False, 'shape': (2000, 32, 32, 3), }`, the keys in any order. */
function header(text: string, where: string): { type: NpyType; shape: number[] } {
  const descr = /'descr':\s*('[^']*'|\[)/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined) {
    throw new HarrierError('bad-data', 'the header of this .npy file cannot be read', {
      where,
      expected: 'descr, fortran_order and shape',
      received: text.trim().slice(0, 100),
    });
  }
  const type = Object.keys(TYPES).find((known) => `'${known}'` === descr) as NpyType | undefined;
  if (!type) {
    const received = descr === '[' ? 'a record of several fields' : descr;
    throw notSupported(where, 'this element type', Object.keys(TYPES).join(', '), received);
  }
  if (order === 'True') throw notSupported(where, 'this order of elements', 'C order', 'Fortran order');
  return { type, shape: sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)])) };
}

function notSupported(where: string, what: string, expected: string, received: string): HarrierError {
  return new HarrierError('not-supported', `${what} is not supported`, {
    where,
    expected,
    received,
    next: 'Save it again: numpy.save(file, numpy.ascontiguousarray(array)).',
  });
}

function cutOff(where: string, expected: number, received: number): HarrierError {
  return new HarrierError('bad-data', 'this .npy file is cut off', {
    where,
    expected: `${expected} bytes`,
    received: `${received}`,
    next: 'Download it again.',
  });
}

/** The bytes of a `.npy` file (version 1.0) of float32 numbers in C order. */
export function encodeNpy(data: Float32Array, shape: readonly number[]): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.map((size) => `${size},`).join(' ')}), }`;
  const start = MAGIC.length + 4;
  // The numbers begin at a multiple of 64.
  const length = Math.ceil((start + header.length + 1) / 64) * 64 - start;
  const bytes = new Uint8Array(start + length + data.byteLength);
  bytes.set([...MAGIC, 1, 0, length % 256, Math.floor(length / 256)]);
  const text = `${header.padEnd(length - 1)}\n`;
  bytes.set(
    Array.from(text, (letter) => letter.charCodeAt(0)),
    start,
  );
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + length);
  return bytes;
}
