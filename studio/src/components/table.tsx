import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import './table.css';

export interface Column<Row> {
  readonly id: string;
  readonly title: ComponentChildren;
  readonly cell: (row: Row) => ComponentChildren;
  /** Makes the column one that can be sorted by. */
  readonly sort?: (row: Row) => number | string;
  /** Numbers stand to the right. */
  readonly numeric?: boolean;
}

export interface TableProps<Row> {
  /** What it shows, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Marks a row. */
  readonly selected?: string;
}

/** Rows with a heading for each column; a click on a heading sorts by it. The first column names the row. */
export function Table<Row>({ label, columns, rows, keyOf, selected }: TableProps<Row>) {
  const [order, setOrder] = useState<{ id: string; down: boolean }>();
  const by = columns.find(({ id }) => id === order?.id)?.sort;
  const sorted = by ? rows.toSorted((a, b) => compare(by(a), by(b)) * (order?.down ? -1 : 1)) : rows;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" aria-label={label} tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            {columns.map(({ id, title, sort, numeric }) => (
              <th
                key={id}
                scope="col"
                class={numeric ? 'numeric' : undefined}
                aria-sort={order?.id === id ? (order.down ? 'descending' : 'ascending') : undefined}
              >
                {sort ? (
                  <button type="button" onClick={() => setOrder(next(order, id, numeric))}>
                    {title}
                    <span aria-hidden="true">{order?.id === id ? (order.down ? ' ↓' : ' ↑') : ''}</span>
                  </button>
                ) : (
                  title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)} class={keyOf(row) === selected ? 'selected' : undefined}>
              {columns.map(({ id, cell, numeric }, i) =>
                i === 0 ? (
                  <th key={id} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={id} class={numeric ? 'numeric' : undefined}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Numbers begin with the largest, words with the first; a second click turns the order round, a third ends it. */
function next(order: { id: string; down: boolean } | undefined, id: string, numeric = false) {
  if (order?.id !== id) return { id, down: numeric };
  return order.down === numeric ? { id, down: !numeric } : undefined;
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}
