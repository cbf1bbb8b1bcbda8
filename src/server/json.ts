import { HarrierError } from '../errors.ts';
import { isObject } from '../options/values.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws HarrierError `bad-data` when the bytes are no JSON object */
export function parseObject(bytes: Uint8Array, where = 'body'): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new HarrierError('bad-data', `not JSON (${(cause as Error).message.slice(0, 120)})`, {
      where,
      cause,
    });
  }
  if (isObject(value)) return value;
  throw new HarrierError('bad-data', 'not a JSON object', { where, received: kindOf(value) });
}

/** What a JSON value is, for errors: the value itself only where that is short. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'string') {
    return value.length <= 40 ? JSON.stringify(value) : `a text of ${value.length} characters`;
  }
  if (typeof value === 'object') return 'an object';
  return `${value}`;
}

/** @throws HarrierError `bad-data` when the text is not base64 */
export function fromBase64(text: string, where: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch (cause) {
    throw new HarrierError('bad-data', 'not base64', { where, received: kindOf(text), cause });
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Deeper than batch, height, width and channels nothing is read: a recursion must end. */
const MOST_NESTED = 4;

/**
 * Writes the numbers of an array, nested or flat, one after another.
 * @returns the position after the last
 * @throws HarrierError `bad-data` when something is no whole number from 0 to 255, `bad-shape` when they are too many
 */
export function readPixels(
  value: unknown,
  into: Uint8Array,
  where: string,
  start = 0,
  nested = MOST_NESTED,
): number {
  if (Array.isArray(value) && nested > 0) {
    let position = start;
    for (const each of value) position = readPixels(each, into, where, position, nested - 1);
    return position;
  }
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 255) {
    throw new HarrierError('bad-data', 'a pixel is not such a number', {
      where,
      expected: 'whole numbers from 0 to 255',
      received: kindOf(value),
      next: 'Send pixels unscaled: the model scales them.',
    });
  }
  if (start >= into.length) {
    throw new HarrierError('bad-shape', 'too many pixels', { where, expected: `${into.length} numbers` });
  }
  into[start] = value;
  return start + 1;
}
