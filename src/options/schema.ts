import {
  columnNames,
  count,
  described,
  flag,
  mergedClasses,
  names,
  number,
  object,
  oneOf,
  optional,
  type Schema,
  text,
  tunedPart,
} from './kinds.ts';
import type { Option, OptionType } from './option.ts';
import { optionsWhere } from './table.ts';
import { z } from './zod.ts';

/** The schema of an option's values, where they are a number, a word or a flag. */
export function schemaOf({ type }: Pick<Option, 'type'>): Schema {
  return schemaOfType(type);
}

function schemaOfType(type: OptionType): Schema {
  switch (type.kind) {
    case 'number':
      return number(type);
    case 'duration':
      return number({ above: 0 });
    case 'boolean':
      return flag;
    case 'choice':
      return oneOf(type.choices);
    case 'text':
      return text();
    case 'texts':
      return z.array(text());
    case 'colour':
      return z.array(number({}));
    case 'tunedPart':
      return tunedPart;
    case 'names':
      return names;
    case 'columns':
      return columnNames;
    case 'merge':
      return mergedClasses;
    case 'classWeight':
      return z.union([z.literal('balanced'), z.record(z.string(), number({ atLeast: 0 }))], {
        error: '"balanced", or numbers by class name',
      });
    case 'resolution':
      return z.array(object({ fromEpoch: count, size: count }));
    case 'augmentation':
      return z.array(object({ name: text() }), { error: 'a list of { name, …options }' });
  }
}

/** The options that a recipe gives values for, by its fields; with what they do, for editors. */
export function recipeOptions(): Readonly<Record<string, Schema>> {
  const fields: Record<string, Schema> = {};
  for (const [name, option] of optionsWhere(({ recipe }) => recipe)) {
    const { help } = option;
    const schema = described(schemaOf(option), `${help[0].toUpperCase()}${help.slice(1)}.`);
    const field = option.recipe === 'needed' ? schema : optional(schema);
    const [outer, inner] = (option.field ?? name).split('.');
    fields[outer] = inner === undefined ? field : optional(object({ [inner]: field }));
  }
  return fields;
}

/** A schema as JSON Schema, for editors and other programs; functions are left open. */
export function jsonSchemaOf(schema: Schema): Record<string, unknown> {
  return z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }) as Record<string, unknown>;
}
