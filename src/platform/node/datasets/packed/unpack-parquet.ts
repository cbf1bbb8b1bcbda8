import { createHash } from 'node:crypto';
import { appendFile, mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { AsyncBuffer, Compressors } from 'hyparquet';
import { HarrierError } from '../../../../errors.ts';
import { isObject } from '../../../../options/values.ts';
import type { ColumnNames } from '../../../../options/words.ts';
import type { Part } from '../part-names.ts';
import { mostUnpacked, UnpackedSize } from './entry-rules.ts';
import { type ParquetColumns, parquetColumns } from './parquet-columns.ts';
import type { UnpackOptions } from './unpacked-folder.ts';

/** A Parquet file with images, and the part of the data that it holds. */
export interface ParquetFile {
  readonly path: string;
  /** What to call it in errors. */
  readonly where?: string;
  readonly part?: Part;
}

/** The list of the images that Parquet files are unpacked to. */
export const PARQUET_LIST = 'labels.jsonl';
/** Of one row group, which is read at once. */
const MOST_BYTES = 2 ** 31;

/**
 * Unpacks the images of Parquet files, as the Hugging Face hub stores data sets, into an empty folder: the bytes of each
 * as they are, and a list of their labels.
 *
 * @throws HarrierError `bad-data` for a file that is no Parquet file or is damaged, or that lacks images or labels;
 *   `not-supported` for a compression that this Node cannot read; `too-large` for what would fill the disk: one image of
 *   a Parquet file can stand in millions of rows
 */
export async function unpackParquet(
  files: readonly ParquetFile[],
  folder: string,
  { columns: given, onProgress, signal }: UnpackOptions,
): Promise<void> {
  await mkdir(join(folder, 'images'));
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size));
  const size = new UnpackedSize(
    'Parquet file',
    sizes.reduce((sum, bytes) => sum + bytes, 0),
  );
  let number = 0;
  let hidden: HarrierError | undefined;
  for (const { path, where = path, part } of files) {
    const buffer = await bufferOf(path);
    try {
      for await (const rows of rowsOf(buffer, where, size, { given, signal })) {
        // The labels of a test may be secret: what is to be learned from can be used all the same.
        const [first] = rows;
        const isLearned = part === undefined || part === 'train';
        if (!isLearned && first?.index === 0 && isHidden(first.row[first.columns.label], first.columns)) {
          hidden = hiddenLabel(first.columns, `${where}, row 0`);
          break;
        }
        for (const { row, columns } of rows) {
          const bytes = bytesOf(row[columns.image]);
          size.add(bytes instanceof Uint8Array ? bytes.length : 0, where);
        }
        const lines: string[] = [];
        for (const { row, index, columns, total } of rows) {
          const place = `${where}, row ${index}`;
          const name = `${part ?? 'image'}-${`${++number}`.padStart(7, '0')}`;
          const file = await writeImage(folder, name, row[columns.image], place);
          const label = labelOf(row[columns.label], columns, place);
          lines.push(`${JSON.stringify(lineOf(file, label, part, row, columns, given))}\n`);
          onProgress?.({ what: `unpacking ${where}`, done: index + 1, total, unit: 'images' });
        }
        await appendFile(join(folder, PARQUET_LIST), lines.join(''));
      }
    } finally {
      await buffer.close();
    }
  }
  if (number > 0) return;
  if (hidden) throw hidden;
  throw new HarrierError('bad-data', 'it holds no images', {
    where: files.map(({ path }) => path).join(', '),
  });
}

interface Row {
  readonly row: Readonly<Record<string, unknown>>;
  /** In the file, from 0. */
  readonly index: number;
  readonly columns: ParquetColumns;
  readonly total: number;
}

/** The rows of a file, a row group at a time. */
async function* rowsOf(
  buffer: AsyncBuffer,
  where: string,
  size: UnpackedSize,
  { given, signal }: { readonly given?: ColumnNames; readonly signal?: AbortSignal },
): AsyncGenerator<Row[]> {
  // Only who opens such a file loads the reader.
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const read = <T>(work: () => Promise<T>) =>
    work().catch((error) => {
      throw asHarrierError(error, where);
    });
  const metadata = await read(() => parquetMetadataAsync(buffer));
  const columns = parquetColumns(metadata, where, given);
  const total = Number(metadata.num_rows);
  const compressors = compressorsFor(mostUnpacked(buffer.byteLength));
  let start = 0;
  for (const group of metadata.row_groups) {
    signal?.throwIfAborted();
    if (Number(group.total_byte_size) > MOST_BYTES) {
      throw new HarrierError('too-large', 'a row group of this Parquet file is too large to read at once', {
        where,
        expected: 'at most 2 GB',
        received: `${Number(group.total_byte_size)} bytes`,
        next: 'Write it with smaller row groups.',
      });
    }
    size.announce(Number(group.num_rows), where);
    const end = start + Number(group.num_rows);
    const wanted = new Set([columns.image, columns.label, ...columns.named.map(([, name]) => name)]);
    const options = { file: buffer, metadata, columns: [...wanted], utf8: false };
    const rows = await read(() =>
      parquetReadObjects({ ...options, rowStart: start, rowEnd: end, compressors }),
    );
    yield rows.map((row, i) => ({ row, index: start + i, columns, total }));
    start = end;
  }
}

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

const zstd = (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;

/**
 * Snappy is hyparquet's own.
 *
 * @param most bytes that all pages of a file may come to
 */
function compressorsFor(most: number): Compressors {
  let left = most;
  const limited = (decompress: Decompress) => (bytes: Uint8Array, pageBytes: number) => {
    const page = decompress(bytes, { maxOutputLength: Math.max(1, Math.min(pageBytes, left)) });
    left -= page.length;
    return page;
  };
  return {
    GZIP: limited(gunzipSync),
    BROTLI: limited(brotliDecompressSync),
    ...(zstd && { ZSTD: limited(zstd) }),
  };
}

/**
 * Writes an image under a name that has its hash too: label corrections name images, and another version of the file may
 * have others in the same rows.
 *
 * @returns its path below the folder
 */
async function writeImage(folder: string, name: string, value: unknown, where: string): Promise<string> {
  const bytes = bytesOf(value);
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) {
    throw new HarrierError('bad-data', 'its image is no bytes of an image file', {
      where,
      expected: 'the bytes themselves',
      received:
        isObject(value) && typeof value.path === 'string' ? `a path alone: ${value.path}` : typeof bytes,
      next: 'Store the images in the file: with the datasets library, embed them before to_parquet.',
    });
  }
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const file = `images/${name}-${hash}.${endingOf(bytes)}`;
  await writeFile(join(folder, file), bytes);
  return file;
}

/**
 * An image as the list has it. Columns that were named are called so there too: the list is then read by the same names,
 * like one that somebody wrote.
 */
function lineOf(
  file: string,
  label: string,
  part: Part | undefined,
  row: Row['row'],
  { named }: ParquetColumns,
  { image, label: labels = 'label', split = 'split' }: ColumnNames = {},
): Readonly<Record<string, string>> {
  const others = Object.fromEntries(named.map(([, name]) => [name, textOf(row[name])]));
  const own = [labels, split, ...Object.keys(others)];
  return {
    ...(part && { split: part }),
    ...others,
    [labels]: label,
    [image ?? (own.includes('file') ? 'image' : 'file')]: file,
  };
}

/** A cell of a group, a part or a time. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof Date) return value.toISOString();
  return value === undefined || value === null ? '' : `${value}`;
}

/** The bytes in a cell, which may stand beside a path, as the hub stores images. */
function bytesOf(value: unknown): unknown {
  return isObject(value) && !(value instanceof Uint8Array) ? value.bytes : value;
}

/** Whether a label stands for one that is kept secret, as the hub writes it. */
function isHidden(value: unknown, { names }: ParquetColumns): boolean {
  return names !== undefined && Number(value) === -1;
}

function hiddenLabel({ label, names }: ParquetColumns, where: string): HarrierError {
  return new HarrierError('bad-data', 'it has no label', {
    where,
    expected: `a number from 0 to ${names!.length - 1} in the column "${label}"`,
    received: '-1',
    next: 'The labels of this part are hidden: take another part.',
  });
}

function labelOf(value: unknown, columns: ParquetColumns, where: string): string {
  const { label, names } = columns;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (names && typeof number === 'number' && Number.isInteger(number)) {
    if (number >= 0 && number < names.length) return names[number];
    if (isHidden(value, columns)) throw hiddenLabel(columns, where);
    throw new HarrierError('bad-data', 'its label has no name', {
      where,
      expected: `a number from 0 to ${names.length - 1} in the column "${label}"`,
      received: `${number}`,
    });
  }
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : number;
  if ((typeof text === 'string' && text !== '') || typeof text === 'number' || typeof text === 'boolean')
    return `${text}`;
  throw new HarrierError('bad-data', 'its label is no text and no number', {
    where,
    received: Array.isArray(value) ? 'a list: each image must have one label' : `${value}`,
  });
}

/** By the first bytes; what is none of these is told apart where it is decoded. */
function endingOf(bytes: Uint8Array): string {
  const starts = (...codes: number[]) => codes.every((code, i) => bytes[i] === code);
  if (starts(0xff, 0xd8)) return 'jpg';
  if (starts(0x89, 0x50, 0x4e, 0x47)) return 'png';
  if (starts(0x47, 0x49, 0x46)) return 'gif';
  if (starts(0x52, 0x49, 0x46, 0x46)) return 'webp';
  if (starts(0x42, 0x4d)) return 'bmp';
  return starts(0x49, 0x49) || starts(0x4d, 0x4d) ? 'tif' : 'img';
}

/** A file that is read piece by piece. */
async function bufferOf(path: string): Promise<AsyncBuffer & { close(): Promise<void> }> {
  const file = await open(path, 'r');
  const { size: byteLength } = await file.stat();
  return {
    byteLength,
    async slice(start: number, end = byteLength) {
      const bytes = new Uint8Array(end - start);
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
        if (bytesRead === 0) throw new Error('the file is cut off');
        done += bytesRead;
      }
      return bytes.buffer;
    },
    close: () => file.close(),
  };
}

function asHarrierError(error: unknown, where: string): unknown {
  if (error instanceof HarrierError) return error;
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (typeof syscall === 'string') return error;
  const codec = /unsupported compression codec: (\w+)/i.exec(message)?.[1];
  if (codec) {
    throw new HarrierError('not-supported', 'this Node cannot read the compression of this Parquet file', {
      where,
      received: codec,
      next: 'Write it with Snappy or gzip, or use Node 22.15 or newer for Zstandard.',
      cause: error,
    });
  }
  return new HarrierError('bad-data', 'this is no Parquet file, or it is damaged', {
    where,
    received: message,
    next: 'Copy or download it again.',
    cause: error,
  });
}
