import { describeBytes } from '../data/image-bytes.ts';
import { HarrierError } from '../errors.ts';
import { utf8Decode } from '../utf8.ts';

/** Field of ModelProto that holds the graph, and of its metadata (`onnx.proto`). */
const GRAPH = 7;
const METADATA = 14;

/**
 * The metadata of an ONNX file, which ONNX Runtime for JavaScript does not give: read from protobuf's wire format without
 * the code that reads whole models.
 *
 * @throws HarrierError `bad-graph` when the bytes are no ONNX model, or end before its end
 */
export function metadataOf(bytes: Uint8Array, where: string): Record<string, string> {
  const metadata: Record<string, string> = {};
  let hasGraph = false;
  try {
    for (const [field, content] of fields(bytes)) {
      if (field === GRAPH) hasGraph = true;
      if (field !== METADATA) continue;
      const entry = new Map(fields(content));
      metadata[textOf(entry.get(1))] = textOf(entry.get(2));
    }
  } catch (cause) {
    if (!hasGraph) throw noModel(bytes, where, cause);
    throw new HarrierError('bad-graph', 'the model file is cut off or damaged', {
      where,
      next: 'Copy or download it again.',
      cause,
    });
  }
  if (!hasGraph) throw noModel(bytes, where);
  return metadata;
}

function noModel(bytes: Uint8Array, where: string, cause?: unknown): HarrierError {
  return new HarrierError('bad-graph', 'this is not an ONNX model', {
    where,
    received: describeBytes(bytes),
    next: 'Name a model.onnx that harrier wrote.',
    cause,
  });
}

const textOf = (bytes: Uint8Array | undefined): string => utf8Decode(bytes ?? new Uint8Array());

/** Fields that hold bytes: their numbers and contents. Others are passed over. */
function* fields(bytes: Uint8Array): Generator<[field: number, content: Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      if (at >= bytes.length) break;
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError('it ends within a number');
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag % 8;
    let size = 0;
    if (kind === 0) varint();
    else if (kind === 1) size = 8;
    else if (kind === 5) size = 4;
    else if (kind === 2) size = varint();
    else throw new RangeError(`no wire type ${kind}`);
    if (at + size > bytes.length) throw new RangeError('it ends within a field');
    if (kind === 2) yield [Math.floor(tag / 8), bytes.subarray(at, at + size)];
    at += size;
  }
}
