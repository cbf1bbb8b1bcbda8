import { HarrierError } from '../errors.ts';
import { elementCount } from '../onnx/index.ts';
import { isObject } from '../options/values.ts';
import { utf8Decode, utf8Encode } from '../utf8.ts';

/** A float32 array with its shape. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** The format's own limit on its header. */
const LARGEST_HEADER = 100_000_000;

/**
 * Named float32 arrays as the bytes of a `.safetensors` file: eight bytes of header length, a JSON header, the data
 * (https://github.com/huggingface/safetensors, "Format").
 */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const entries: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, { shape, data }] of tensors) {
    entries[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = utf8Encode(JSON.stringify(entries));
  const headerLength = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerLength);
  bytes.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerLength;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads the bytes of a `.safetensors` file of float32 arrays.
 * @throws HarrierError `bad-checkpoint` when it is damaged, truncated, or holds another type
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): TensorFile {
  const fail = (problem: string, cause?: unknown): never => {
    throw new HarrierError('bad-checkpoint', problem, {
      where,
      next: 'The file is damaged or no safetensors file: take another checkpoint.',
      cause,
    });
  };
  if (bytes.length < LENGTH_BYTES) return fail(`it holds ${bytes.length} bytes, less than a header`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LARGEST_HEADER || LENGTH_BYTES + length > bytes.length) return fail('its header is cut off');
  let header: unknown;
  try {
    header = JSON.parse(utf8Decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length)));
  } catch (cause) {
    return fail('its header cannot be read', cause);
  }
  if (!isObject(header)) return fail('its header is no list of arrays');
  // A view without the manners of Node's Buffer, whose `slice` does not copy.
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(
    LENGTH_BYTES + length,
  );
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    return fail('its metadata is no list of texts');
  }
  const tensors = new Map<string, StoredTensor>();
  let used = 0;
  for (const [name, entry] of Object.entries(entries)) {
    if (!isObject(entry) || entry.dtype !== 'F32') return fail(`"${name}" is no float32 array`);
    const { shape, data_offsets: offsets } = entry;
    if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
      return fail(`"${name}" has no shape or no place`);
    }
    const [start, end] = offsets;
    if (end - start !== elementCount(shape) * 4)
      return fail(`"${name}" has a size that does not fit its shape`);
    if (end > body.length) return fail(`it is cut off in "${name}"`);
    used = Math.max(used, end);
    tensors.set(name, { shape, data: new Float32Array(body.slice(start, end).buffer) });
  }
  if (body.length > used) return fail(`it holds more after its last array (bytes: ${body.length - used})`);
  return { tensors, metadata: metadata as Record<string, string> };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}
