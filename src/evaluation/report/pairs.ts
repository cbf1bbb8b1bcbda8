import type { Confusion } from '../confusion.ts';
import { formatCount, formatPercent } from '../format.ts';
import { type Html, html } from './html.ts';

const SHOWN = 12;

/** The most confused pairs as bars; each bar is parted by direction. */
export function pairsSection(confusions: readonly Confusion[]): Html {
  if (confusions.length === 0) return html``;
  const most = confusions[0].count;
  // The longest bar leaves room for its number.
  const width = (count: number) => formatPercent((0.9 * count) / most, 1);
  const rows = confusions.slice(0, SHOWN).map(({ classes: [a, b], count, firstAsSecond, secondAsFirst }) => {
    const words = `${a} taken for ${b}: ${formatCount(firstAsSecond)}; ${b} taken for ${a}: ${formatCount(secondAsFirst)}`;
    return html`<li title="${words}"><span class="pair">${a} ↔ ${b}</span><span class="track"><span class="split" aria-hidden="true" style="width:${width(count)}"><i style="flex:${firstAsSecond}"></i><i style="flex:${secondAsFirst}"></i></span><b>${formatCount(count)}</b></span><small>${a} → ${b}: ${formatCount(firstAsSecond)}, ${b} → ${a}: ${formatCount(secondAsFirst)}</small></li>
`;
  });
  return html`<section aria-labelledby="pairs">
<h2 id="pairs">What it mixes up</h2>
<p class="note">Pairs of classes taken for each other, most often first. The darker part: the first taken for the second.</p>
<ol class="pairs">
${rows}</ol>
</section>
`;
}
