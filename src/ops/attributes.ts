import { HarrierError } from '../errors.ts';
import type { Attributes, AttributeValue, Tensor } from '../onnx/index.ts';

/** How one attribute of an op is read from a node: its type, and what holds where the node does not state it. */
export interface AttributeType<T> {
  /** The value in TypeScript; undefined where the node states another kind of value. */
  readonly read: (value: AttributeValue) => T | undefined;
  /** For messages: `whole numbers`. */
  readonly kind: string;
  /** The default; absent where a node must state the attribute, unless it is optional. */
  readonly otherwise?: T;
  /** Whether a node may leave it out although there is no default: reading it then gives undefined. */
  readonly optional?: boolean;
}

/** @param otherwise the default; without one, every node must state the attribute */
export function int(otherwise?: number): AttributeType<number> {
  const read = (value: AttributeValue) => {
    // Beyond ±2⁵³ it is rounded: such numbers only say "to the end".
    if (typeof value === 'object' && 'wide' in value) return Number(value.wide);
    return typeof value === 'number' ? value : undefined;
  };
  return { read, kind: 'a whole number', otherwise };
}

/** @param otherwise as for {@link int} */
export function ints(otherwise?: readonly number[]): AttributeType<readonly number[]> {
  const isInts = (value: AttributeValue): value is readonly number[] =>
    Array.isArray(value) && value.every((each) => typeof each === 'number');
  const read = (value: AttributeValue) => {
    if (typeof value === 'object' && 'wides' in value) return value.wides.map(Number);
    return isInts(value) ? value : undefined;
  };
  return { read, kind: 'whole numbers', otherwise };
}

/** @param otherwise as for {@link int} */
export function float(otherwise?: number): AttributeType<number> {
  const read = (value: AttributeValue) =>
    typeof value === 'object' && 'float' in value ? value.float : undefined;
  return { read, kind: 'a number', otherwise };
}

/** @param otherwise as for {@link int} */
export function floats(otherwise?: readonly number[]): AttributeType<readonly number[]> {
  const read = (value: AttributeValue) =>
    typeof value === 'object' && 'floats' in value ? value.floats : undefined;
  return { read, kind: 'numbers', otherwise };
}

/** @param otherwise as for {@link int} */
export function text(otherwise?: string): AttributeType<string> {
  return { read: (value) => (typeof value === 'string' ? value : undefined), kind: 'a text', otherwise };
}

/** One of several words, the first by default. */
export function word<Word extends string>(...words: readonly [Word, ...Word[]]): AttributeType<Word> {
  return {
    read: (value) => words.find((each) => each === value),
    kind: words.map((each) => `"${each}"`).join(' or '),
    otherwise: words[0],
  };
}

export function constantTensor(): AttributeType<Tensor> {
  const read = (value: AttributeValue) =>
    typeof value === 'object' && 'tensor' in value ? value.tensor : undefined;
  return { read, kind: 'a tensor' };
}

/** An attribute that a node may leave out, and that has no default. */
export function optional<T>(type: AttributeType<T>): AttributeType<T | undefined> {
  return { read: type.read, kind: type.kind, optional: true };
}

/** The attributes of an op, by name. */
export type AttributeTypes = Readonly<Record<string, AttributeType<unknown>>>;

/** What reading them gives. */
export type AttributesOf<Types extends AttributeTypes> = {
  readonly [Name in keyof Types]: Types[Name] extends AttributeType<infer T> ? T : never;
};

/**
 * Reads the attributes of an op's nodes, typed as they are defined. Attributes that `types` does not name are left out.
 *
 * @returns a function that throws HarrierError `bad-graph` when a node states another kind of value, or lacks one that
 *   has no default
 */
export function attributeReader<Types extends AttributeTypes>(
  types: Types,
): (attributes: Attributes) => AttributesOf<Types> {
  const entries = Object.entries(types);
  return (attributes) =>
    Object.fromEntries(
      entries.map(([name, type]) => [name, readAttribute(attributes, name, type)]),
    ) as AttributesOf<Types>;
}

function readAttribute<T>(attributes: Attributes, name: string, type: AttributeType<T>): T {
  const given = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  const value = given === undefined ? type.otherwise : type.read(given);
  if (value !== undefined || (given === undefined && type.optional)) return value as T;
  throw new HarrierError('bad-graph', `the attribute "${name}" does not fit its op`, {
    expected: type.kind,
    received: given === undefined ? 'none' : describe(given),
  });
}

/** An attribute's value in a message. */
function describe(value: AttributeValue): string {
  if (typeof value === 'object') {
    const [kind] = Object.keys(value);
    if (kind === 'float' && 'float' in value) return `${value.float}`;
    if (!Array.isArray(value)) return `another type (${kind})`;
  }
  const shown = JSON.stringify(value);
  return shown.length <= LONGEST ? shown : `${shown.slice(0, LONGEST)}…`;
}

/** Characters of a value that a message shows. */
const LONGEST = 60;
