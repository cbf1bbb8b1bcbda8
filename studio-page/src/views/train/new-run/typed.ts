import type { NewRunRequest, OptionValue, RecipeField } from 'harrier/src/studio-server/api.ts';

/** What a field holds: text as it is typed, or a tick. */
export type Entered = string | boolean;

/** What is typed into the fields that were touched, by name. */
export type Typed = Readonly<Record<string, Entered>>;

/** The fields with one more that was touched; one that holds again what it would hold anyway was not. */
export function changed(typed: Typed, field: RecipeField, entered: Entered): Typed {
  const { [field.name]: before, ...others } = typed;
  const isOwn = before === undefined && String(entered) === String(field.default ?? '');
  return isOwn ? others : { ...others, [field.name]: entered };
}

/** What was changed, as the server takes it. A text that is no number goes as it was typed: the server says what is wrong. */
export function optionsOf(fields: readonly RecipeField[], typed: Typed): Record<string, OptionValue> {
  const options: Record<string, OptionValue> = {};
  for (const { name, type } of fields) {
    const value = Object.hasOwn(typed, name) ? typed[name] : undefined;
    if (value === undefined) continue;
    if (typeof value === 'boolean' || type === 'choice' || type === 'list') options[name] = value;
    else if (value.trim() !== '') options[name] = Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return options;
}

/** The fields that another run's settings fill. */
export function typedOf({ options }: Pick<NewRunRequest, 'options'>): Typed {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? value : String(value),
    ]),
  );
}
