import { type CellOf, Matrix } from 'harrier/src/report/matrix.ts';
import { useRef, useState } from 'preact/hooks';
import { isForBrowser } from '../../components/keys.ts';

export interface ChoiceMatrixProps {
  readonly label: string;
  readonly classNames: readonly string[];
  readonly cell: CellOf;
  readonly selected: readonly [number, number] | undefined;
  readonly onSelect: (row: number, column: number) => void;
}

/** A matrix of which a cell can be chosen; arrow keys go from cell to cell. */
export function ChoiceMatrix({ label, classNames, cell, selected, onSelect }: ChoiceMatrixProps) {
  const [active, setActive] = useState<readonly [number, number]>(selected ?? [0, 0]);
  const table = useRef<HTMLTableElement>(null);
  const classes = classNames.length;
  const move = (event: KeyboardEvent) => {
    if (isForBrowser(event)) return;
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
    <Matrix
      label={label}
      classNames={classNames}
      cell={cell}
      table={{ ref: table, onKeyDown: move }}
      button={(row, column) => ({
        'data-cell': `${row},${column}`,
        tabIndex: active[0] === row && active[1] === column ? 0 : -1,
        'aria-pressed': selected?.[0] === row && selected[1] === column,
        onFocus: () => setActive([row, column]),
        onClick: () => onSelect(row, column),
      })}
    />
  );
}

/** A cell in the address: `3,5`. */
export function cellOf(text: string | undefined, classes: number): [number, number] | undefined {
  const [row, column, ...more] = (text ?? '').split(',').map(Number);
  const isClass = (value: number) => Number.isInteger(value) && value >= 0 && value < classes;
  return more.length === 0 && text !== '' && isClass(row) && isClass(column) ? [row, column] : undefined;
}
