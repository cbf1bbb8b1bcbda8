import { type ComponentChildren, h, type JSX } from 'preact';
import type { Confusion } from '../evaluation/confusion.ts';
import { formatCount, formatPercent } from '../format/format.ts';
import { named } from './named.ts';

export interface PairsProps {
  /** Most often first. */
  readonly confusions: readonly Confusion[];
  readonly most: number;
  /** Makes each direction of a pair a button. */
  readonly onSelect?: (trueClass: string, takenFor: string) => void;
  /** The direction that is chosen: true class, taken for. */
  readonly selected?: readonly [string, string];
}

/** What the bars mean. */
export const PAIRS_NOTE =
  'Pairs of classes that the model confuses, most frequent first. The darker part: the first predicted as the second.';

/** The most confused pairs as bars; each bar is parted by direction. */
export function Pairs({ confusions, most, onSelect, selected }: PairsProps): JSX.Element {
  const largest = confusions[0]?.count ?? 0;
  const direction = (trueClass: string, takenFor: string, count: number): ComponentChildren => {
    const words = [named(trueClass), ' → ', named(takenFor), `: ${formatCount(count)}`];
    if (!onSelect) return words;
    const isSelected = selected?.[0] === trueClass && selected[1] === takenFor;
    const select = () => onSelect(trueClass, takenFor);
    return h('button', { type: 'button', 'aria-pressed': isSelected, onClick: select }, words);
  };
  return h(
    'ol',
    { class: 'pairs' },
    confusions.slice(0, most).map(({ classes: [a, b], count, firstAsSecond, secondAsFirst }) =>
      h(
        'li',
        { key: `${a} ${b}` },
        h('span', { class: 'pair' }, named(a), ' ↔ ', named(b)),
        h(
          'span',
          { class: 'track' },
          h(
            'span',
            // The longest bar leaves room for its number.
            {
              class: 'split',
              'aria-hidden': true,
              style: { width: formatPercent((0.88 * count) / largest, 1) },
            },
            h('i', { style: { flex: `${firstAsSecond}` } }),
            h('i', { style: { flex: `${secondAsFirst}` } }),
          ),
          h('b', null, formatCount(count)),
        ),
        h(
          'small',
          null,
          direction(a, b, firstAsSecond),
          onSelect ? ' ' : ', ',
          direction(b, a, secondAsFirst),
        ),
      ),
    ),
  );
}
