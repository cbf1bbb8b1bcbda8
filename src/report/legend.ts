import { type ComponentChildren, h, type JSX } from 'preact';

/** A patch of colour, named by what it stands for: `right`, `wrong`, `fraction`, … */
export function swatch(kind: string): JSX.Element {
  return h('i', { class: `swatch ${kind}`, 'aria-hidden': true });
}

/** A stroke as the lines of that class have. */
export function stroke(kind: string): JSX.Element {
  return h(
    'svg',
    { viewBox: '0 0 24 10', width: 24, height: 10, 'aria-hidden': true },
    h('line', { class: kind, x1: 1, x2: 23, y1: 5, y2: 5 }),
  );
}

/** What the colours and strokes of a drawing stand for. */
export function legend(entries: readonly ComponentChildren[]): JSX.Element {
  return h(
    'ul',
    { class: 'legend' },
    entries.map((entry, i) => h('li', { key: i }, entry)),
  );
}
