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

/** Data as JSON with an indent, but a list of numbers on one line: a matrix of thousands of classes stays within a string. */
export function jsonText(value: unknown, indent = ''): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0 || value.every((each) => typeof each === 'number')) return JSON.stringify(value);
    return `[\n${value.map((each) => `${deeper}${jsonText(each ?? null, deeper)}`).join(',\n')}\n${indent}]`;
  }
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  if (fields.length === 0) return '{}';
  const lines = fields.map(([key, each]) => `${deeper}${JSON.stringify(key)}: ${jsonText(each, deeper)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
