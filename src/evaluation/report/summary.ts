import type { Evaluation } from '../evaluate.ts';
import { type FactRow, factRows, type RunFacts } from '../facts.ts';
import { formatCount, formatInterval, formatPercent } from '../format.ts';
import { coordinate, type Html, html } from './html.ts';

/** Title, the one number that counts with its interval, and a few more. */
export function header(title: string, evaluation: Evaluation, judgedOn: string | undefined): Html {
  const { correct, total, accuracy, interval95, loss, macro, top5Accuracy, calibration } = evaluation;
  const tiles: [string, string][] = [
    ['Loss', loss.toFixed(4)],
    ['Mean precision', formatPercent(macro.precision)],
    ['Mean recall', formatPercent(macro.recall)],
    ['Mean F1', formatPercent(macro.f1)],
  ];
  if (top5Accuracy !== undefined) tiles.push(['Among its best five', formatPercent(top5Accuracy)]);
  tiles.push(['Calibration error', formatPercent(calibration.expectedCalibrationError)]);
  return html`<header>
<p class="brand">Harrier report</p>
<h1>${title}</h1>
<div class="score"><strong aria-label="Accuracy ${formatPercent(accuracy)}">${formatPercent(accuracy).slice(0, -1)}<small>%</small></strong>
<p>${formatCount(correct)} of ${formatCount(total)} pictures right${judgedOn && html` in <b>${judgedOn}</b>`}<br><span>95% interval ${formatInterval(interval95)}</span></p></div>
${intervalBar(accuracy, interval95)}
<dl class="tiles">${tiles.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
</header>
`;
}

/** A rail from 0 to 100% with the interval as a mark on it. */
function intervalBar(accuracy: number, [lower, upper]: readonly [number, number]): Html {
  const x = (share: number) => coordinate(share * 1000);
  // Never thinner than can be seen.
  const width = Math.max(4, x(upper) - x(lower));
  const start = coordinate(Math.min(1000 - width, (x(lower) + x(upper) - width) / 2));
  return html`<svg class="interval" viewBox="0 0 1000 22" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" x="0" y="8" width="1000" height="6"/><rect class="done" x="0" y="8" width="${x(accuracy)}" height="6"/><rect class="span" x="${start}" y="2" width="${coordinate(width)}" height="18"/></svg>`;
}

/** How the model came to be, and the command that does it again. */
export function factsSection(facts: RunFacts, extra: readonly FactRow[] = []): Html {
  const rows = [...factRows(facts), ...extra].map(
    ({
      label,
      value,
      detail,
    }) => html`<div><dt>${label}</dt><dd${detail && html` title="${detail}"`}>${value}</dd></div>
`,
  );
  return html`<section aria-labelledby="facts">
<h2 id="facts">How it was made</h2>
<dl class="facts">
${rows}</dl>
${facts.command && html`<div class="command"><p>To make it again:</p><pre><code>${facts.command}</code></pre></div>`}
</section>
`;
}
