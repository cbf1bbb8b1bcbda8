import { HarrierError } from '../../errors.ts';

/** A file in an archive, before it is unpacked. */
export interface ZipEntry {
  readonly name: string;
  /** How it is packed: `store` as it is, `deflate` as in RFC 1951. */
  readonly method: 'store' | 'deflate';
  /** The bytes as they lie in the archive. */
  readonly packed: Uint8Array;
  /** Size of the file itself. */
  readonly size: number;
  readonly crc: number;
}

/** Unpacks raw deflate data of which the size is known; a platform brings it. */
export type Inflate = (packed: Uint8Array, size: number) => Uint8Array;

const END = 0x06054b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
/** In place of a number that is in a ZIP64 record instead. */
const IN_ZIP64 = 0xffffffff;
const ENCRYPTED = 1;
const METHODS: Readonly<Record<number, ZipEntry['method']>> = { 0: 'store', 8: 'deflate' };

/** Whether bytes begin as a ZIP archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length > 4 && view(bytes).getUint32(0, true) === LOCAL;
}

/**
 * The files of a ZIP archive by name (PKWARE's APPNOTE 6.3, without encryption, parts and ZIP64).
 * @throws HarrierError `bad-checkpoint` when it is cut off or damaged, two files share a name or bytes, or it is packed
 *   in a way that is not read
 */
export function readZip(bytes: Uint8Array, where: string): ReadonlyMap<string, ZipEntry> {
  const data = view(bytes);
  const end = endRecord(data, where);
  const count = data.getUint16(end + 10, true);
  let at = data.getUint32(end + 16, true);
  const entries = new Map<string, ZipEntry>();
  const places: { from: number; to: number }[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || data.getUint32(at, true) !== DIRECTORY)
      throw damaged('its directory is damaged', where);
    const [method, crc, packedSize, size] = [
      data.getUint16(at + 10, true),
      data.getUint32(at + 16, true),
      data.getUint32(at + 20, true),
      data.getUint32(at + 24, true),
    ];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((place) =>
      data.getUint16(at + place, true),
    );
    const local = data.getUint32(at + 42, true);
    const name = String.fromCharCode(...bytes.subarray(at + 46, at + 46 + nameLength));
    if ([packedSize, size, local].includes(IN_ZIP64)) {
      throw damaged('it is an archive of 4 GiB or more, which is not read', where);
    }
    if (data.getUint16(at + 8, true) & ENCRYPTED || METHODS[method] === undefined) {
      throw damaged(`"${name}" is packed in a way that is not read (method ${method})`, where);
    }
    const place = contentOf(data, local, packedSize, where);
    if (METHODS[method] === 'store' && packedSize !== size) throw damaged(`"${name}" has two sizes`, where);
    if (entries.has(name)) throw damaged(`it holds "${name}" twice`, where);
    entries.set(name, {
      name,
      method: METHODS[method],
      packed: bytes.subarray(place, place + packedSize),
      size,
      crc,
    });
    places.push({ from: local, to: place + packedSize });
    at += 46 + nameLength + extraLength + commentLength;
  }
  places.sort((a, b) => a.from - b.from);
  if (places.some(({ from }, i) => i > 0 && from < places[i - 1].to)) {
    throw damaged('two of its files share bytes', where);
  }
  return entries;
}

/**
 * The bytes of a file in an archive, checked by its CRC-32.
 *
 * @param inflate unpacks; left out, files that are packed are refused
 * @throws HarrierError `bad-checkpoint`
 */
export function unpack(entry: ZipEntry, where: string, inflate?: Inflate): Uint8Array {
  let content = entry.packed;
  if (entry.method === 'deflate') {
    if (!inflate) throw damaged(`"${entry.name}" is compressed, which is not read here`, where);
    try {
      content = inflate(entry.packed, entry.size);
    } catch (cause) {
      throw damaged(`"${entry.name}" cannot be unpacked`, where, cause);
    }
  }
  if (content.length !== entry.size || crc32(content) !== entry.crc) {
    throw damaged(`"${entry.name}" is damaged`, where);
  }
  return content;
}

/** Where a file's own bytes begin, behind its local header. */
function contentOf(data: DataView, local: number, size: number, where: string): number {
  if (local + 30 > data.byteLength || data.getUint32(local, true) !== LOCAL) {
    throw damaged('its directory names a file that is not there', where);
  }
  const place = local + 30 + data.getUint16(local + 26, true) + data.getUint16(local + 28, true);
  if (place + size > data.byteLength) throw damaged('it is cut off', where);
  return place;
}

/** Where the record at the end begins; a comment of up to 64 KiB may come after it. */
function endRecord(data: DataView, where: string): number {
  const first = Math.max(0, data.byteLength - 22 - 0xffff);
  for (let at = data.byteLength - 22; at >= first; at--) {
    if (data.getUint32(at, true) === END) return at;
  }
  throw damaged('it is cut off: the archive has no end', where);
}

function damaged(problem: string, where: string, cause?: unknown): HarrierError {
  return new HarrierError('bad-checkpoint', problem, {
    where,
    next: 'The file is damaged or of another kind: fetch or save it again.',
    cause,
  });
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 as in ZIP and PNG (ISO 3309). */
export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = CRC_TABLE[(value ^ bytes[i]) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
}
