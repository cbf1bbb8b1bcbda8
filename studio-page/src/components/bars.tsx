import type { ComponentChildren } from 'preact';
import './bars.css';

export interface Bar {
  readonly id: string;
  readonly label: ComponentChildren;
  /** 0 or more; the longest bar is the largest value, or `most`. */
  readonly value: number;
  /** The value in words. */
  readonly text: string;
  /** `right` is blue and the default, `wrong` orange, `other` grey. */
  readonly kind?: 'right' | 'wrong' | 'other';
}

export interface BarsProps {
  /** What the bars are, for screen readers. */
  readonly label: string;
  readonly bars: readonly Bar[];
  /** What a full bar stands for. */
  readonly most?: number;
  /** Makes the bars buttons. */
  readonly onSelect?: (id: string) => void;
  readonly selected?: string;
}

/** Amounts side by side, each with its name and its number. */
export function Bars({ label, bars, most, onSelect, selected }: BarsProps) {
  const full = most ?? Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  return (
    <ul class="bars" aria-label={label}>
      {bars.map(({ id, label: name, value, text, kind = 'right' }) => {
        const inner = (
          <>
            <span class="bar-name">{name}</span>
            <span class="bar-text">{text}</span>
            <span class="bar-track" aria-hidden="true">
              <i class={kind} style={{ width: `${Math.min(100, (100 * value) / full)}%` }} />
            </span>
          </>
        );
        return (
          <li key={id}>
            {onSelect ? (
              <button
                type="button"
                class="bar-row"
                aria-pressed={id === selected}
                onClick={() => onSelect(id)}
              >
                {inner}
              </button>
            ) : (
              <div class="bar-row">{inner}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}
