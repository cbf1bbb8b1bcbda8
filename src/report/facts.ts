import { Fragment, h, type JSX } from 'preact';
import type { FactRow } from '../evaluation/facts.ts';

export interface FactsProps {
  readonly rows: readonly FactRow[];
  /** The command line that does it again. */
  readonly command?: string;
}

/** How a model came to be, and the command that does it again. */
export function Facts({ rows, command }: FactsProps): JSX.Element {
  return h(
    Fragment,
    null,
    h(
      'dl',
      { class: 'facts' },
      rows.map(({ label, value, detail }) =>
        h('div', { key: label }, h('dt', null, label), h('dd', { title: detail }, value)),
      ),
    ),
    command &&
      h(
        'div',
        { class: 'command' },
        h('p', null, 'To train it again:'),
        h('pre', null, h('code', null, command)),
      ),
  );
}
