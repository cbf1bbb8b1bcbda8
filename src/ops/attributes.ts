import { HarrierError } from '../errors.ts';
import type { Attributes, AttributeValue } from '../onnx/index.ts';

/** How one attribute of an op is read from a node: its type, and what holds where the node does not state it. */
export interface AttributeType<T> {
  /** The value in TypeScript; undefined where the node states another kind of value. */
  readonly read: (value: AttributeValue) => T | undefined;
  /** For messages: `whole numbers`. */
  readonly kind: string;
  /** The default; absent where a node must state the attribute. */
  readonly otherwise?: T;
}

/** @param otherwise the default; without one, every node must state the attribute */
export function int(otherwise?: number): AttributeType<number> {
  const read = (value: AttributeValue) => (typeof value === 'number' ? value : undefined);
  return { read, kind: 'a whole number', otherwise };
}

/** @param otherwise as for {@link int} */
export function ints(otherwise?: readonly number[]): AttributeType<readonly number[]> {
  const isInts = (value: AttributeValue): value is readonly number[] =>
    Array.isArray(value) && value.every((each) => typeof each === 'number');
  return { read: (value) => (isInts(value) ? value : undefined), kind: 'whole numbers', otherwise };
}

/** @param otherwise as for {@link int} */
export function float(otherwise?: number): AttributeType<number> {
  const read = (value: AttributeValue) =>
    typeof value === 'object' && 'float' in value ? value.float : undefined;
  return { read, kind: 'a number', otherwise };
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
  if (value !== undefined) return value;
  throw new HarrierError('bad-graph', `the attribute "${name}" is not what its op needs`, {
    expected: type.kind,
    received: given === undefined ? 'none' : JSON.stringify(given),
  });
}
