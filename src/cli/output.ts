import { open, readFile, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { HarrierError } from '../errors.ts';
import { writeAtomically } from '../platform/node/files/cache.ts';

/** Stands at the end of images and pages, so that a command can write anew what it wrote before, and nothing else. */
const MARK = 'Written by Harrier';
const TAIL_BYTES = 256;

export interface OutputOptions {
  /** The option that names the file, such as `--out`. */
  readonly option: string;
  /** Write over whatever is there. */
  readonly force?: boolean;
  /** Whether a file that is there is one that this command may have written. Default: it bears the mark. */
  readonly isOwn?: (path: string) => Promise<boolean>;
  /** What is said of another. */
  readonly otherwise?: string;
}

/**
 * Writes the result of a command, but never over a file that no such command wrote.
 * @throws HarrierError `bad-option` when such a file is there; `storage`
 */
export async function writeOutput(
  path: string,
  content: Uint8Array | string,
  options: OutputOptions,
): Promise<void> {
  if (await holds(path, content)) return;
  const check = () => checkOutput(path, options);
  await check();
  await writeAtomically(path, content, `choose another file with ${options.option}`, check);
}

/** @throws HarrierError `bad-option` when `writeOutput` would refuse: to be asked before long work */
export async function checkOutput(
  path: string,
  {
    option,
    force,
    isOwn = hasMark,
    otherwise = 'this file exists, and harrier did not write it',
  }: OutputOptions,
): Promise<void> {
  if (force || !(await isThere(path)) || (await isOwn(path))) return;
  throw new HarrierError('bad-option', otherwise, {
    where: path,
    next: `Choose another file with ${option}, or overwrite it with --force.`,
  });
}

/** Whether a file has this very content already. */
async function holds(path: string, content: Uint8Array | string): Promise<boolean> {
  const bytes = Buffer.from(content);
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile() || info.size !== bytes.length) return false;
  return (await readFile(path).catch(() => undefined))?.equals(bytes) ?? false;
}

export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** A page or an SVG image with the mark. */
export function markedText(text: string): string {
  return `${text.trimEnd()}\n<!-- ${MARK} -->\n`;
}

/** A PNG with the mark, as a comment before its end (PNG specification, §11.3.3). */
export function markedPng(png: Uint8Array): Uint8Array {
  const body = Buffer.from(`tEXtComment\0${MARK}`, 'latin1');
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  const end = png.length - 12;
  return Buffer.concat([png.subarray(0, end), chunk, png.subarray(end)]);
}

/** Whether a file bears the mark. */
export async function hasMark(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return false;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: Math.max(0, size - TAIL_BYTES),
    });
    return buffer.subarray(0, bytesRead).includes(MARK);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}
