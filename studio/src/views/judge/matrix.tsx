import { useRef, useState } from 'preact/hooks';

/** Up to here cells hold numbers. */
const NUMBERED = 20;
/** Beyond this a cell is too small to be hit. */
export const MOST_CLASSES = 60;
/** Share of the full colour that the strongest cell gets: text stays readable on it, in light and dark. */
const STRONGEST = 0.68;

export interface MatrixCell {
  readonly text: string;
  /** For who cannot see the colour. */
  readonly words: string;
  readonly kind: 'right' | 'wrong' | 'none';
  /** 0–1. */
  readonly strength: number;
}

export interface MatrixProps {
  readonly label: string;
  readonly classNames: readonly string[];
  readonly cell: (row: number, column: number) => MatrixCell;
  readonly selected: readonly [number, number] | undefined;
  readonly onSelect: (row: number, column: number) => void;
}

/** True classes in rows, predicted ones in columns; arrow keys go from cell to cell. */
export function Matrix({ label, classNames, cell, selected, onSelect }: MatrixProps) {
  const [active, setActive] = useState<readonly [number, number]>(selected ?? [0, 0]);
  const table = useRef<HTMLTableElement>(null);
  const classes = classNames.length;
  const numbered = classes <= NUMBERED;
  const move = (event: KeyboardEvent) => {
    const [row, column] = active;
    const to: Readonly<Record<string, [number, number]>> = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: [row, 0],
      End: [row, classes - 1],
    };
    const next = to[event.key];
    if (!next) return;
    event.preventDefault();
    const within = next.map((value) => Math.min(classes - 1, Math.max(0, value))) as [number, number];
    setActive(within);
    table.current?.querySelector<HTMLElement>(`[data-cell="${within.join()}"]`)?.focus();
  };
  return (
    <div class="scroll matrix-scroll">
      <table ref={table} aria-label={label} class={`matrix ${numbered ? 'numbered' : ''}`} onKeyDown={move}>
        <thead>
          <tr>
            <td class="corner">
              <span>is ↓</span> <span>said →</span>
            </td>
            {classNames.map((name) => (
              <th key={name} scope="col" title={name}>
                <span>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {classNames.map((name, row) => (
            <tr key={name}>
              <th scope="row" title={name}>
                <span>{name}</span>
              </th>
              {classNames.map((columnName, column) => {
                const { text, words, kind, strength } = cell(row, column);
                const isActive = active[0] === row && active[1] === column;
                const isSelected = selected?.[0] === row && selected[1] === column;
                const percent = Math.round(100 * (0.05 + (STRONGEST - 0.05) * strength));
                return (
                  <td key={columnName} class={kind}>
                    <button
                      type="button"
                      data-cell={`${row},${column}`}
                      tabIndex={isActive ? 0 : -1}
                      title={words}
                      aria-label={words}
                      aria-pressed={isSelected}
                      onFocus={() => setActive([row, column])}
                      onClick={() => onSelect(row, column)}
                      style={
                        kind === 'none'
                          ? undefined
                          : { backgroundColor: `color-mix(in srgb, var(--${kind}) ${percent}%, transparent)` }
                      }
                    >
                      {numbered ? text : ''}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A cell in the address: `3,5`. */
export function cellOf(text: string | undefined, classes: number): [number, number] | undefined {
  const [row, column, ...more] = (text ?? '').split(',').map(Number);
  const isClass = (value: number) => Number.isInteger(value) && value >= 0 && value < classes;
  return more.length === 0 && text !== '' && isClass(row) && isClass(column) ? [row, column] : undefined;
}
