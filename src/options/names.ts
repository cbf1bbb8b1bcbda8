import { HarrierError, unknownName } from '../errors.ts';
import { isObject } from './values.ts';
import { COLUMN_WORDS, type ColumnNames, type MergedClasses } from './words.ts';

/**
 * `ant,bee`. JSON says names that hold commas: `["a, b","c"]`.
 *
 * @throws HarrierError `bad-option`
 */
export function readNames(text: string, where: string): readonly string[] {
  const names = jsonOf(text, '[') ?? text.split(',').map((name) => name.trim());
  if (isTexts(names)) return [...new Set(names)];
  throw bad(where, 'names with commas between, such as ant,bee', text);
}

/**
 * `image=image_name,label=breed`. JSON says names that hold commas: `{"label": "breed, or mix"}`.
 *
 * @throws HarrierError `bad-option`
 */
export function readColumns(text: string, where: string): ColumnNames {
  const columns = jsonOf(text, '{') ?? pairs(text);
  if (!isObject(columns) || !isTexts(Object.values(columns))) {
    throw bad(where, 'names of columns, such as image=image_name,label=breed', text);
  }
  const words: readonly string[] = COLUMN_WORDS;
  const stranger = Object.keys(columns).find((word) => !words.includes(word));
  if (stranger === undefined) return columns as ColumnNames;
  throw unknownName(`part of ${where}`, stranger, words);
}

/**
 * `dog=husky+beagle,cat=tabby+siamese`. JSON says names that hold commas or plus signs: `{"dog": ["a+b","c"]}`.
 *
 * @throws HarrierError `bad-option`
 */
export function readMerge(text: string, where: string): MergedClasses {
  const given = jsonOf(text, '{') ?? pairs(text);
  const parts = isObject(given)
    ? Object.entries(given).map(([name, part]) => [
        name,
        typeof part === 'string' ? part.split('+').map((each) => each.trim()) : part,
      ])
    : [];
  if (parts.length > 0 && parts.every(([, names]) => isTexts(names))) return Object.fromEntries(parts);
  throw bad(where, 'a class and those that it is made of, such as dog=husky+beagle', text);
}

/** A JSON list or object that the text is; undefined where it is none. */
function jsonOf(text: string, start: '[' | '{'): unknown {
  if (!text.trim().startsWith(start)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A name may begin with a bracket.
    return undefined;
  }
}

function pairs(text: string): Record<string, string> | undefined {
  const found = text.split(',').map((pair) => {
    const place = pair.indexOf('=');
    return [pair.slice(0, place).trim(), place < 0 ? '' : pair.slice(place + 1).trim()];
  });
  const isWhole = found.every(([word, name]) => word !== '' && name !== '');
  return isWhole && new Set(found.map(([word]) => word)).size === found.length
    ? Object.fromEntries(found)
    : undefined;
}

function isTexts(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => typeof each === 'string' && each.trim() !== '')
  );
}

function bad(where: string, expected: string, text: string): HarrierError {
  return new HarrierError('bad-option', 'this value cannot be used', {
    where,
    expected,
    received: `"${text}"`,
  });
}
