import { formatPercent } from '../format.ts';
import type { HumanBaseline } from '../human-baseline.ts';
import { type Html, html } from './html.ts';

/** What people mix up, beside the model: two bars for each confusion. */
export function peopleSection(baseline: HumanBaseline | undefined): Html {
  if (!baseline) return html``;
  const { accuracy, majorityAccuracy, confusions, source } = baseline;
  const most = Math.max(...confusions.flatMap(({ people, model }) => [people, model ?? 0]));
  const bar = (who: string, share: number | null) =>
    share === null
      ? html``
      : html`<span class="track"><i class="${who}" aria-hidden="true" style="width:${formatPercent((0.85 * share) / most, 1)}"></i><b>${formatPercent(share, 1)}</b></span>`;
  const rows = confusions.map(
    ({ trueClass, takenFor, people, model }) =>
      html`<li><span class="pair">${trueClass} → ${takenFor}</span><span class="both">${bar('people', people)}${bar('model', model)}</span></li>
`,
  );
  return html`<section aria-labelledby="people">
<h2 id="people">And people?</h2>
<p class="note">Of single judgements <b>${formatPercent(accuracy)}</b> are right, and <b>${formatPercent(majorityAccuracy)}</b> where most of those asked agree. What they mix up most, as a share of the pictures of the first class:</p>
<ul class="legend"><li><span class="swatch people"></span>people</li><li><span class="swatch model"></span>this model</li></ul>
<ol class="pairs people">
${rows}</ol>
<p class="source">${source}</p>
</section>
`;
}
