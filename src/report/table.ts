import { type ComponentChildren, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';

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
  /** Cells of a last row for all: means, sums. It stays where it is. */
  readonly foot?: readonly ComponentChildren[];
  /** On paper and where no script runs nothing can be sorted. */
  readonly still?: boolean;
}

interface Order {
  readonly id: string;
  readonly down: boolean;
}

/** Rows with a heading for each column; a click on a heading sorts by it. The first column names the row. */
export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { label, columns, rows, keyOf, selected, foot, still = false } = props;
  const [order, setOrder] = useState<Order>();
  const by = columns.find(({ id }) => id === order?.id)?.sort;
  const sorted = by ? [...rows].sort((a, b) => compare(by(a), by(b)) * (order?.down ? -1 : 1)) : rows;
  const heads = columns.map(({ id, title, sort, numeric }) => {
    const arrow = order?.id !== id ? '' : order.down ? ' ↓' : ' ↑';
    return h(
      'th',
      {
        key: id,
        scope: 'col',
        class: numeric ? 'numeric' : undefined,
        'aria-sort': arrow === '' ? undefined : order?.down ? 'descending' : 'ascending',
      },
      !sort || still
        ? title
        : h(
            'button',
            { type: 'button', onClick: () => setOrder(next(order, id, numeric)) },
            title,
            h('span', { 'aria-hidden': true }, arrow),
          ),
    );
  });
  const cells = (contents: readonly ComponentChildren[]) =>
    contents.map((content, i) =>
      i === 0
        ? h('th', { key: columns[i].id, scope: 'row' }, content)
        : h('td', { key: columns[i].id, class: columns[i].numeric ? 'numeric' : undefined }, content),
    );
  return h(
    'section',
    // What scrolls must be reachable by keyboard.
    { class: 'scroll', 'aria-label': label, tabIndex: 0 },
    h(
      'table',
      { class: 'table' },
      h('thead', null, h('tr', null, heads)),
      h(
        'tbody',
        null,
        sorted.map((row) => {
          const key = keyOf(row);
          return h(
            'tr',
            { key, class: key === selected ? 'selected' : undefined },
            cells(columns.map(({ cell }) => cell(row))),
          );
        }),
      ),
      foot && h('tfoot', null, h('tr', null, cells(foot))),
    ),
  );
}

/** Numbers begin with the largest, words with the first; a second click turns the order round, a third ends it. */
function next(order: Order | undefined, id: string, numeric = false): Order | undefined {
  if (order?.id !== id) return { id, down: numeric };
  return order.down === numeric ? { id, down: !numeric } : undefined;
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}
