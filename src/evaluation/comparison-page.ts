import { type Comparison, comparisonRows, verdict } from './comparison.ts';
import { formatNumber, formatPercent } from './format.ts';
import { Html, html } from './report/html.ts';
import { lineChart } from './report/line-chart.ts';
import { STYLE } from './report/style.ts';

/**
 * Runs side by side as one HTML page that needs nothing else: facts, curves on one chart, classes.
 * @returns the whole page
 */
export function renderComparison(comparison: Comparison): string {
  const { runs, differences, classes } = comparison;
  const [first] = runs;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${runs.map(({ name }) => name).join(' · ')} – Harrier comparison</title>
<link rel="icon" href="data:,">
<style>${new Html(STYLE)}${new Html(COLOURS)}</style>
</head>
<body>
<main>
<header><p class="brand">Harrier comparison</p>
<h1>${runs.map(({ name }) => name).join(' · ')}</h1></header>
<section aria-labelledby="facts"><h2 id="facts">Side by side</h2>
${table(['', ...runs.map(({ name }) => name)], comparisonRows(comparison))}
<ul class="verdicts">${differences.map((each, i) => html`<li>${verdict(first.name, runs[i + 1].name, each)}</li>`)}</ul></section>
${curves(comparison)}
<section aria-labelledby="classes"><h2 id="classes">Class by class</h2>
<p class="note">Share of each class that is found, the classes that differ most first.</p>
${table(
  ['', ...runs.map(({ name }) => name)],
  classes.map(({ class: name, recalls }) => [
    name,
    ...recalls.map((recall) => (recall === undefined ? '–' : formatPercent(recall))),
  ]),
)}</section>
</main>
</body>
</html>
`;
  return page.markup;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): Html {
  return html`<div class="scroll" role="region" tabindex="0"><table class="numbers">
<thead><tr>${head.map((cell, i) => html`<th scope="col">${i > 0 && html`<i class="run run${i - 1}"></i>`}${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([
    name,
    ...cells
  ]) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
)}</tbody></table></div>`;
}

/** Validation curves of all runs on one chart, or training curves where not all have validation. */
function curves({ runs }: Comparison): Html {
  const longest = Math.max(...runs.map(({ history }) => history.length));
  if (longest === 0) return html``;
  const validated = runs.every(({ history }) =>
    history.some(({ validationLoss }) => validationLoss !== undefined),
  );
  const which = validated ? 'validation' : 'training';
  const epochs = Array.from({ length: longest }, (_, i) => i + 1);
  const chart = (
    title: string,
    key: 'accuracy' | 'loss',
    format: (value: number) => string,
    formatTick: (value: number) => string,
  ) =>
    lineChart({
      title: `${title} on ${which} images`,
      epochs,
      series: runs.map(({ name, history }, i) => ({
        name,
        kind: `run${i}` as const,
        values: epochs.map((epoch) => {
          const record = history[epoch - 1];
          if (!record) return undefined;
          if (key === 'accuracy') return validated ? record.validationAccuracy : record.accuracy;
          return validated ? record.validationLoss : record.loss;
        }),
      })),
      ...(key === 'accuracy' ? { ceiling: 1 } : { from: 0 }),
      format,
      formatTick,
    });
  return html`<section aria-labelledby="training"><h2 id="training">How they learned</h2>
<div class="charts">${chart(
    'Accuracy',
    'accuracy',
    (value) => formatPercent(value),
    (value) => `${formatNumber(value * 100)}%`,
  )}
${chart(
  'Loss',
  'loss',
  (value) => value.toFixed(4),
  (value) => formatNumber(value),
)}</div></section>
`;
}

/** The palette of Okabe and Ito, which common kinds of colour blindness can tell apart; it begins anew after eight. */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a7b00', '#7d8691'];

/** Runs that a page has colours for. */
const RUNS = 32;

const COLOURS = `
${Array.from({ length: RUNS }, (_, i) => {
  const colour = PALETTE[i % PALETTE.length];
  return `.line.run${i} { stroke: ${colour}; } .dot.run${i} { fill: ${colour}; } i.run${i} { background: ${colour}; }`;
}).join('\n')}
i.run { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 7px; }
.verdicts { margin-top: 20px; display: grid; gap: 6px; }
`;
