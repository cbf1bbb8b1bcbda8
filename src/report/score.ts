import { h, type JSX } from 'preact';
import type { Evaluation } from '../evaluation/evaluate.ts';
import { measuresOf, measureText } from '../evaluation/measures.ts';
import { formatCount, formatInterval, formatPercent } from '../format/format.ts';
import { coordinate } from '../format/html.ts';

export interface ScoreProps {
  readonly evaluation: Evaluation;
  /** The name of the images that it was evaluated on, where that is known. */
  readonly evaluatedOn?: string;
}

/** The one number that counts with its interval, and a few more. */
export function Score({ evaluation, evaluatedOn }: ScoreProps): JSX.Element {
  const { correct, total, accuracy, interval95, multiLabel } = evaluation;
  const tiles = measuresOf(evaluation).filter(({ id }) => id !== 'accuracy');
  return h(
    'div',
    { class: 'accuracy' },
    h(
      'div',
      { class: 'score' },
      h('strong', null, formatPercent(accuracy).slice(0, -1), h('small', null, '%')),
      h(
        'p',
        null,
        `${formatCount(correct)} of ${formatCount(total)} images correct${multiLabel ? ' in every label' : ''}`,
        evaluatedOn && [' in ', h('b', null, evaluatedOn)],
        h('span', null, `95% interval ${formatInterval(interval95)}`),
      ),
    ),
    intervalBar(accuracy, interval95),
    h(
      'dl',
      { class: 'tiles' },
      tiles.map((tile) =>
        h('div', { key: tile.id }, h('dt', null, tile.label), h('dd', null, measureText(tile))),
      ),
    ),
  );
}

/** A rail from 0 to 100% with the interval as a mark on it. */
export function intervalBar(accuracy: number, [lower, upper]: readonly [number, number]): JSX.Element {
  const x = (fraction: number) => coordinate(fraction * 1000);
  // Never thinner than can be seen.
  const width = Math.max(4, x(upper) - x(lower));
  const start = coordinate(Math.min(1000 - width, (x(lower) + x(upper) - width) / 2));
  return h(
    'svg',
    { class: 'interval', viewBox: '0 0 1000 20', preserveAspectRatio: 'none', 'aria-hidden': true },
    h('rect', { class: 'rail', x: 0, y: 7, width: 1000, height: 6, rx: 3 }),
    h('rect', { class: 'done', x: 0, y: 7, width: x(accuracy), height: 6, rx: 3 }),
    h('rect', { class: 'span', x: start, y: 2, width: coordinate(width), height: 16, rx: 2 }),
  );
}
