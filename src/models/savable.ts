import { HarrierError } from '../errors.ts';
import type { AnyLayer } from '../layers/index.ts';
import { valueWords } from '../options/range.ts';

/**
 * Refuses options of a layer that JSON does not keep: the model's file would hold another layer.
 * @param where network and layer
 * @throws HarrierError `bad-option`
 */
export function checkSavable(where: string, layer: AnyLayer): void {
  const lost = lostIn(layer.config().options, '');
  if (!lost) return;
  throw new HarrierError('bad-option', `the option ${lost.path.slice(1)} cannot be saved with the model`, {
    where,
    expected: 'numbers that are finite, texts, true or false, null, lists and plain objects of them',
    received: received(lost.value),
    next: 'Take another option, or let config() of the layer give what its constructor makes the same layer of.',
  });
}

interface Lost {
  /** Such as `.scale[2]`. */
  readonly path: string;
  readonly value: unknown;
}

/** The first value in another one that JSON makes another of. */
function lostIn(value: unknown, path: string): Lost | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return undefined;
  if (Array.isArray(value)) return firstLost(value.map((each, i) => lostIn(each, `${path}[${i}]`)));
  if (!isPlain(value)) return { path, value };
  // What is undefined is left out, as if it had not been given.
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  return firstLost(given.map(([key, each]) => lostIn(each, `${path}.${key}`)));
}

function firstLost(found: readonly (Lost | undefined)[]): Lost | undefined {
  return found.find((each) => each !== undefined);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function received(value: unknown): string {
  if (typeof value !== 'object' || value === null) return valueWords(value) ?? 'undefined';
  return `a ${value.constructor.name}`;
}
