import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';
import './field.css';

/** What ties a control to its label and to what is said about it. */
export interface ControlProps {
  readonly id: string;
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: true;
}

export interface FieldProps {
  readonly label: ComponentChildren;
  /** At the right of the label: the value of a slider, a unit. */
  readonly value?: ComponentChildren;
  /** A sentence below. */
  readonly help?: ComponentChildren;
  /** What is wrong with the value. */
  readonly error?: string;
  /** The label is for screen readers alone. */
  readonly unseen?: boolean;
  readonly children: (control: ControlProps) => ComponentChildren;
}

/** A control with its label, help and error: `<Field label="Name">{(control) => <input {...control} />}</Field>`. */
export function Field({ label, value, help, error, unseen, children }: FieldProps) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <div class={unseen ? 'unseen' : 'field-head'}>
        <label for={id}>{label}</label>
        {value !== undefined && <span class="field-value">{value}</span>}
      </div>
      {children({
        id,
        ...(described && { 'aria-describedby': described }),
        ...(error && { 'aria-invalid': true as const }),
      })}
      {help && (
        <p class="field-help" id={`${id}-help`}>
          {help}
        </p>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

type Shared = Omit<FieldProps, 'children' | 'value'>;

export interface InputProps extends Shared {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type?: 'text' | 'search' | 'number';
  readonly placeholder?: string;
  readonly inputMode?: InputHTMLAttributes['inputMode'];
  readonly list?: readonly string[];
  readonly disabled?: boolean;
}

/** A line of text; numbers too, so that what is typed wrongly can be spoken of. */
export function Input({
  value,
  onValue,
  type = 'text',
  placeholder,
  inputMode,
  list,
  disabled,
  ...field
}: InputProps) {
  const listId = useId();
  return (
    <Field {...field}>
      {(control) => (
        <>
          <input
            {...control}
            class="input"
            type={type}
            value={value}
            placeholder={placeholder}
            inputMode={inputMode}
            disabled={disabled}
            autocomplete="off"
            spellcheck={false}
            list={list && listId}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          {list && (
            <datalist id={listId}>
              {list.map((item) => (
                <option key={item} value={item} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

export interface SelectProps extends Shared {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly disabled?: boolean;
}

/** One of a list. */
export function Select({ value, onValue, options, disabled, ...field }: SelectProps) {
  return (
    <Field {...field}>
      {(control) => (
        <select
          {...control}
          class="input"
          value={value}
          disabled={disabled}
          onChange={(event) => onValue(event.currentTarget.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value} selected={option.value === value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface SliderProps extends Shared {
  readonly value: number;
  readonly onValue: (value: number) => void;
  readonly minimum: number;
  readonly maximum: number;
  readonly step?: number;
  /** The value in words. */
  readonly format?: (value: number) => string;
  readonly disabled?: boolean;
}

/** A number that wants to be tried rather than typed. */
export function Slider(props: SliderProps) {
  const { value, onValue, minimum, maximum, step, format = String, disabled, ...field } = props;
  return (
    <Field {...field} value={format(value)}>
      {(control) => (
        <input
          {...control}
          class="slider"
          type="range"
          min={minimum}
          max={maximum}
          step={step}
          value={value}
          disabled={disabled}
          aria-valuetext={format(value)}
          onInput={(event) => onValue(event.currentTarget.valueAsNumber)}
        />
      )}
    </Field>
  );
}

export interface CheckboxProps {
  readonly label: ComponentChildren;
  readonly checked: boolean;
  readonly onValue: (checked: boolean) => void;
  readonly help?: ComponentChildren;
  readonly error?: string;
  readonly disabled?: boolean;
}

/** Yes or no. */
export function Checkbox({ label, checked, onValue, help, error, disabled }: CheckboxProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="checkbox">
        <input
          type="checkbox"
          checked={checked}
          disabled={disabled}
          aria-describedby={help || error ? `${id}-help` : undefined}
          onChange={(event) => onValue(event.currentTarget.checked)}
        />
        <span>{label}</span>
      </label>
      {(help || error) && (
        <p class={error ? 'field-error' : 'field-help'} id={`${id}-help`}>
          {error ?? help}
        </p>
      )}
    </div>
  );
}
