import type { RecipeField } from 'harrier/src/studio-server/api.ts';
import { Checkbox, Input, Select } from '../../../components/field.tsx';
import type { Entered, Typed } from './typed.ts';

interface FieldsProps {
  readonly fields: readonly RecipeField[];
  readonly typed: Typed;
  /** What is wrong with single fields, by name. */
  readonly problems: Readonly<Record<string, string>>;
  readonly onTyped: (field: RecipeField, entered: Entered) => void;
}

/** The settings of a run: those that matter most, and the others folded away. */
export function Fields({ fields, typed, problems, onTyped }: FieldsProps) {
  const controls = (advanced: boolean) =>
    fields
      .filter((field) => field.advanced === advanced)
      .map((field) => (
        <Control
          key={field.name}
          field={field}
          typed={typed[field.name]}
          onTyped={(entered) => onTyped(field, entered)}
          {...(Object.hasOwn(problems, field.name) && { error: problems[field.name] })}
        />
      ));
  const isOpen = fields.some(
    ({ advanced, name }) => advanced && (Object.hasOwn(problems, name) || Object.hasOwn(typed, name)),
  );
  return (
    <>
      <div class="form-fields">{controls(false)}</div>
      <details open={isOpen || undefined}>
        <summary>More options</summary>
        <div class="form-fields">{controls(true)}</div>
      </details>
    </>
  );
}

interface ControlProps {
  readonly field: RecipeField;
  readonly typed: Entered | undefined;
  readonly onTyped: (value: Entered) => void;
  readonly error?: string;
}

function Control({ field, typed, onTyped, error }: ControlProps) {
  const { label, help, type, choices = [], empty } = field;
  const shared = { label, help, ...(error && { error }) };
  const own = field.default === null ? '' : String(field.default);
  if (type === 'boolean') {
    return (
      <Checkbox
        {...shared}
        checked={typed === undefined ? field.default === true : typed === true}
        onValue={onTyped}
      />
    );
  }
  const value = typed === undefined ? own : String(typed);
  if (type === 'choice') {
    return (
      <Select
        {...shared}
        value={value}
        onValue={onTyped}
        options={choices.map((choice) => ({ value: choice, label: choice }))}
      />
    );
  }
  return (
    <Input
      {...shared}
      value={value}
      onValue={onTyped}
      placeholder={empty ?? own}
      {...(type === 'list' ? { list: choices } : { inputMode: type === 'integer' ? 'numeric' : 'decimal' })}
    />
  );
}
