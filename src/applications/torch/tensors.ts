import { HarrierError } from '../../errors.ts';
import { elementCount, formatShape } from '../../onnx/index.ts';
import { kindOf, PickleName, PickleOpaque, type PickleValue, refusal } from './pickle.ts';

/** Reads number `i` of a storage. */
type ReadNumber = (data: DataView, i: number) => number;

/** Types of numbers by PyTorch's classes of storages: bytes a number, and how one is read. */
const STORAGES: Readonly<Record<string, { readonly bytes: number; readonly read: ReadNumber }>> = {
  FloatStorage: { bytes: 4, read: (data, i) => data.getFloat32(4 * i, true) },
  DoubleStorage: { bytes: 8, read: (data, i) => data.getFloat64(8 * i, true) },
  HalfStorage: { bytes: 2, read: (data, i) => float16(data.getUint16(2 * i, true)) },
  BFloat16Storage: { bytes: 2, read: (data, i) => bfloat16(data.getUint16(2 * i, true)) },
  LongStorage: { bytes: 8, read: (data, i) => Number(data.getBigInt64(8 * i, true)) },
  IntStorage: { bytes: 4, read: (data, i) => data.getInt32(4 * i, true) },
  ShortStorage: { bytes: 2, read: (data, i) => data.getInt16(2 * i, true) },
  CharStorage: { bytes: 1, read: (data, i) => data.getInt8(i) },
  ByteStorage: { bytes: 1, read: (data, i) => data.getUint8(i) },
  BoolStorage: { bytes: 1, read: (data, i) => data.getUint8(i) },
};

const REBUILD_TENSOR = 'torch._utils _rebuild_tensor_v2';
const REBUILD_PARAMETER = 'torch._utils _rebuild_parameter';
const MOST_AXES = 8;

/** Numbers of one type, one after another; tensors are views of them. */
export class TorchStorage extends PickleOpaque {
  readonly kind = 'a storage';
  /** Its bytes, as soon as they are known. */
  content?: Uint8Array;

  /** Its name in the file. */
  readonly key: string;
  readonly type: string;
  /** Numbers that it holds, by its pickle's account. */
  readonly length: number;

  constructor(key: string, type: string, length: number) {
    super();
    this.key = key;
    this.type = type;
    this.length = length;
  }

  get byteLength(): number {
    return this.length * STORAGES[this.type].bytes;
  }
}

/** A tensor of a state dictionary: a view of a storage. */
export class TorchTensor extends PickleOpaque {
  readonly kind = 'a tensor';

  readonly shape: readonly number[];
  readonly #storage: TorchStorage;
  readonly #offset: number;
  readonly #strides: readonly number[];

  constructor(storage: TorchStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    super();
    this.shape = shape;
    this.#storage = storage;
    this.#offset = offset;
    this.#strides = strides;
  }

  /** Its numbers as float32, the last axis fastest. */
  read(): Float32Array {
    const { content, type } = this.#storage;
    if (!content) throw new Error('a tensor was read before its storage');
    const data = new DataView(content.buffer, content.byteOffset, content.byteLength);
    const { read } = STORAGES[type];
    const values = new Float32Array(elementCount(this.shape));
    const position = this.shape.map(() => 0);
    let from = this.#offset;
    for (let to = 0; to < values.length; to++) {
      values[to] = read(data, from);
      for (let axis = this.shape.length - 1; axis >= 0; axis--) {
        from += this.#strides[axis];
        if (++position[axis] < this.shape[axis]) break;
        from -= this.#strides[axis] * this.shape[axis];
        position[axis] = 0;
      }
    }
    return values;
  }
}

/** Whether a state dictionary may name this class or function of PyTorch. */
export function isTorchName(name: string): boolean {
  return name === REBUILD_TENSOR || name === REBUILD_PARAMETER || storageType(name) !== undefined;
}

/**
 * What PyTorch's functions make of their arguments; undefined for other functions.
 * @throws HarrierError `bad-checkpoint` for a tensor that reaches beyond its storage
 */
export function callTorch(
  name: string,
  args: readonly PickleValue[],
  where: string,
): PickleValue | undefined {
  if (name === REBUILD_PARAMETER) {
    const [tensor] = args;
    if (args.length === 3 && tensor instanceof TorchTensor) return tensor;
    throw badTensor('a parameter is no tensor', where);
  }
  if (name !== REBUILD_TENSOR) return undefined;
  const [storage, offset, shape, strides] = args;
  if (
    args.length < 6 ||
    args.length > 7 ||
    !(storage instanceof TorchStorage) ||
    typeof offset !== 'number'
  ) {
    throw badTensor('a tensor has no storage', where);
  }
  const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const areCounts = (value: PickleValue): value is readonly number[] =>
    Array.isArray(value) && value.every(isWhole);
  if (
    !areCounts(shape) ||
    !areCounts(strides) ||
    shape.length !== strides.length ||
    shape.length > MOST_AXES
  ) {
    throw badTensor('a tensor has no shape that could be', where, `${text(shape)}, strides ${text(strides)}`);
  }
  const count = elementCount(shape);
  const last = count === 0 ? -1 : shape.reduce((sum, size, i) => sum + (size - 1) * strides[i], offset);
  // A tensor whose elements are repeated is larger than its storage: a few bytes could ask for terabytes.
  if (!isWhole(offset) || !(last < storage.length) || count > storage.length) {
    throw badTensor(
      'a tensor is larger than its storage',
      where,
      `${formatShape(shape)} from ${offset} of ${storage.length} numbers`,
    );
  }
  return new TorchTensor(storage, offset, shape, strides);
}

/**
 * The storage that a reference of a pickle means: (`storage`, type, key, device, length), and in the old format what
 * it is a view of, which is not supported.
 *
 * @throws HarrierError `bad-checkpoint`
 */
export function storageOf(reference: PickleValue, where: string): TorchStorage {
  const [word, type, key, , length, viewOf = null] = Array.isArray(reference) ? reference : [];
  const known = type instanceof PickleName ? storageType(type.name) : undefined;
  if (word !== 'storage' || typeof key !== 'string' || viewOf !== null || known === undefined) {
    const received = type instanceof PickleName ? type.name.replace(' ', '.') : kindOf(type ?? null);
    throw refusal('it refers to something else than numbers, which is not loaded', where, received);
  }
  if (!Number.isSafeInteger(length) || (length as number) < 0) {
    throw badTensor('a storage has a length that cannot be', where, `${length}`);
  }
  return new TorchStorage(key, known, length as number);
}

function storageType(name: string): string | undefined {
  const [module, type] = name.split(' ');
  return module === 'torch' && Object.hasOwn(STORAGES, type) ? type : undefined;
}

function badTensor(problem: string, where: string, received?: string): HarrierError {
  return new HarrierError('bad-checkpoint', problem, {
    where,
    received,
    next: 'The file is damaged, or made to do harm: take it from its publisher.',
  });
}

const text = (value: PickleValue) => (Array.isArray(value) ? JSON.stringify(value) : kindOf(value));

/** IEEE 754 binary16. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The upper half of a float32. */
function bfloat16(bits: number): number {
  HALF_WORD[0] = bits << 16;
  return AS_FLOAT[0];
}
const HALF_WORD = new Uint32Array(1);
const AS_FLOAT = new Float32Array(HALF_WORD.buffer);
