import type { Evaluation } from '../evaluate.ts';
import { formatCount, formatNumber, formatPercent, formatQuantity } from '../format.ts';
import type { TemperatureScaling } from '../temperature.ts';
import { coordinate, type Html, html } from './html.ts';

const SIZE = 320;
const LEFT = 46;
const TOP = 10;
/** Height of the strip below that shows where the images lie. */
const STRIP = 46;

/** The reliability diagram: how often the model is right when it says how sure it is. */
export function reliabilitySection({ calibration, temperatureScaling }: Evaluation): Html {
  const { bins, expectedCalibrationError } = calibration;
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return html``;
  const stated = bins.reduce((sum, { count, confidence }) => sum + count * (confidence ?? 0), 0) / total;
  const right = bins.reduce((sum, { count, accuracy }) => sum + count * (accuracy ?? 0), 0) / total;
  const x = (share: number) => coordinate(LEFT + share * SIZE);
  const y = (share: number) => coordinate(TOP + (1 - share) * SIZE);
  const bottom = TOP + SIZE;
  const most = Math.max(...bins.map(({ count }) => count));
  const bars = bins.map(({ from, to, count, accuracy, confidence }) => {
    if (accuracy === null || confidence === null) return html``;
    const width = coordinate((to - from) * SIZE - 1.5);
    const [low, high] = [Math.min(accuracy, confidence), Math.max(accuracy, confidence)];
    const height = coordinate((count / most) * STRIP);
    return html`<g><title>Stated ${formatPercent(from, 0)}–${formatPercent(to, 0)}, on average ${formatPercent(confidence, 1)}
right ${formatPercent(accuracy, 1)} of ${formatCount(count)} images</title>
<rect class="share" x="${x(from)}" y="${y(accuracy)}" width="${width}" height="${coordinate(accuracy * SIZE)}"/>
<rect class="gap" x="${x(from)}" y="${y(high)}" width="${width}" height="${coordinate((high - low) * SIZE)}"/>
<line class="level" x1="${x(from)}" x2="${coordinate(x(from) + width)}" y1="${y(accuracy)}" y2="${y(accuracy)}"/>
<rect class="images" x="${x(from)}" y="${coordinate(bottom + 34 + STRIP - height)}" width="${width}" height="${height}"/></g>
`;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (tick) => html`<line class="grid" x1="${LEFT}" x2="${LEFT + SIZE}" y1="${y(tick)}" y2="${y(tick)}"/>
<text class="tick" x="${LEFT - 7}" y="${y(tick)}" dy="0.35em" text-anchor="end">${tick * 100}%</text>
<text class="tick" x="${x(tick)}" y="${bottom + 18}" text-anchor="${tick === 1 ? 'end' : 'middle'}">${tick * 100}%</text>`,
  );
  const points = formatPercent(Math.abs(stated - right), 1).slice(0, -1);
  const verdict =
    Math.abs(stated - right) < 0.01
      ? 'Taken together the two agree.'
      : `It is ${stated > right ? 'too sure of itself' : 'more often right than it claims'}, by ${points} points on average.`;
  return html`<section aria-labelledby="calibration">
<h2 id="calibration">Does it mean what it says?</h2>
<div class="beside">
<figure class="reliability"><svg viewBox="0 0 ${LEFT + SIZE + 4} ${bottom + STRIP + 58}" role="img" aria-label="Share right against stated probability, in ${bins.length} bins">
${ticks}${bars}<line class="ideal" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>
<text class="tick" x="${LEFT + SIZE / 2}" y="${bottom + STRIP + 52}" text-anchor="middle">probability that the model states</text>
</svg></figure>
<div><p>On average it states <b>${formatPercent(stated, 1)}</b> for the class it picks, and is right in <b>${formatPercent(right, 1)}</b>. ${verdict} The expected calibration error is <b>${formatPercent(expectedCalibrationError)}</b>.</p>
${temperatureText(temperatureScaling)}<ul class="legend down"><li><span class="swatch share"></span>share that is right</li><li><span class="swatch gap"></span>distance to what was stated</li><li><svg viewBox="0 0 24 10" width="24" height="10" aria-hidden="true"><line class="ideal" x1="0" x2="24" y1="5" y2="5"/></svg>both equal</li><li><span class="swatch images"></span>where the images lie</li></ul></div>
</div>
</section>
`;
}

/** What was done about it, or why nothing was. */
function temperatureText(scaling: TemperatureScaling | undefined): Html {
  if (!scaling) return html``;
  const { temperature, reason, validation, judged } = scaling;
  if (!judged && !reason) return html``;
  if (!judged)
    return html`<p class="soft">No temperature was fitted: ${reason}.</p>
`;
  const percent = (share: number) => formatPercent(share);
  const where = validation && html` on ${formatQuantity(validation.images, 'validation image')}`;
  const rows = [
    ...(validation ? [{ name: 'validation images', ...validation }] : []),
    { name: 'images judged', ...judged },
  ].map(
    ({ name, before, after }) =>
      html`<tr><th scope="row">${name}</th><td>${percent(before.expectedCalibrationError)}</td><td>${percent(after.expectedCalibrationError)}</td><td>${before.loss.toFixed(4)}</td><td>${after.loss.toFixed(4)}</td></tr>
`,
  );
  return html`<p>Its logits are divided by the temperature <b>${formatNumber(temperature)}</b>, fitted${where}; no answer changes by it, only how sure it sounds.</p>
<div class="scroll"><table class="numbers"><thead><tr><th scope="col"></th><th scope="col">error before</th><th scope="col">after</th><th scope="col">loss before</th><th scope="col">after</th></tr></thead><tbody>
${rows}</tbody></table></div>
`;
}
