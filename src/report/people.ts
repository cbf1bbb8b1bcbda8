import { Fragment, h, type JSX } from 'preact';
import type { HumanBaseline } from '../evaluation/human-baseline.ts';
import { formatPercent } from '../format/format.ts';
import { legend, swatch } from './legend.ts';
import { named } from './named.ts';

/** How people do in general: a sentence above the bars. */
export function PeopleNote({ baseline }: { readonly baseline: HumanBaseline }): JSX.Element {
  return h(
    Fragment,
    null,
    'Single people classify ',
    h('b', null, formatPercent(baseline.accuracy)),
    ' correctly, and a majority of several people ',
    h('b', null, formatPercent(baseline.majorityAccuracy)),
    '. Their most frequent confusions, as a fraction of the images of the first class:',
  );
}

/** What people mix up most, beside the model: two bars for each confusion. */
export function People({ baseline }: { readonly baseline: HumanBaseline }): JSX.Element {
  const { confusions, source } = baseline;
  const most = Math.max(...confusions.flatMap(({ people, model }) => [people, model ?? 0]));
  const bar = (kind: 'people' | 'model', who: string, fraction: number | null) =>
    fraction !== null &&
    h(
      'span',
      { class: 'people-track' },
      h('i', {
        class: kind,
        'aria-hidden': true,
        style: { width: formatPercent((0.85 * fraction) / most, 1) },
      }),
      h('span', { class: 'unseen' }, `${who} `),
      h('b', null, formatPercent(fraction, 1)),
    );
  return h(
    Fragment,
    null,
    legend([
      [swatch('people'), 'people'],
      [swatch('model'), 'this model'],
    ]),
    h(
      'ol',
      { class: 'people-rows' },
      confusions.map(({ trueClass, takenFor, people, model }) =>
        h(
          'li',
          { key: `${trueClass} ${takenFor}` },
          h('span', null, named(trueClass), ' → ', named(takenFor)),
          h('span', { class: 'both' }, bar('people', 'people', people), bar('model', 'this model', model)),
        ),
      ),
    ),
    h('p', { class: 'note source' }, source),
  );
}
