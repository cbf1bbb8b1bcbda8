import { isObject } from './options/values.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the text of a JSON file that holds an object, as all files of Harrier do.
 *
 * @returns the object; undefined for text that is no JSON, and for JSON of another kind, such as `null` or a list
 */
export function jsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
