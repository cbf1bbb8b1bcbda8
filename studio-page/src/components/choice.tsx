import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import './choice.css';

export interface ChoiceProps {
  /** What is chosen, for screen readers. */
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: ComponentChildren }[];
  readonly value: string;
  readonly onValue: (value: string) => void;
}

/** One of a few, all in sight. */
export function Choice({ label, options, value, onValue }: ChoiceProps) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onValue(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
