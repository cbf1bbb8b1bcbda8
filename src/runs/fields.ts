import { anyObject, object, optional, type Schema } from '../options/kinds.ts';

type ValueOf<S> = S extends Schema<infer T> ? T : never;
type Shape = Readonly<Record<string, Schema>>;
type Absent<S extends Shape> = { [K in keyof S]: undefined extends ValueOf<S[K]> ? K : never }[keyof S];

/** The type of an object by the schemas of its fields; a schema that takes nothing makes an optional field. */
export type Fields<S extends Shape> = {
  readonly [K in keyof S as K extends Absent<S> ? never : K]: ValueOf<S[K]>;
} & {
  readonly [K in keyof S as K extends Absent<S> ? K : never]?: Exclude<ValueOf<S[K]>, undefined>;
} extends infer T
  ? { [K in keyof T]: T[K] }
  : never;

/** An object with these fields, each read-only. Fields of a newer version stay, unseen by the type. */
export function fields<const S extends Shape>(shape: S): Schema<Fields<S>> {
  return object(shape) as unknown as Schema<Fields<S>>;
}

/** An object that is checked by the part of Harrier that makes something of it: a network, an optimizer. */
export function made<T extends object>(): Schema<T> {
  return anyObject as unknown as Schema<T>;
}

/** A field that may be left out, and is checked where it is used. */
export function unchecked<T>(schema: Schema): Schema<T | undefined> {
  return optional(schema) as unknown as Schema<T | undefined>;
}
