import { formatNumber, formatPercent } from '../format.ts';
import type { EpochRecord, History } from '../history.ts';
import { type Html, html } from './html.ts';
import { lineChart } from './line-chart.ts';

/** Loss and accuracy over the epochs, and all numbers as a table that opens on request. */
export function curvesSection(
  history: History,
  test: { readonly accuracy: number; readonly loss: number },
): Html {
  if (history.length === 0) return html``;
  const epochs = history.map(({ epoch }) => epoch);
  const series = (training: keyof EpochRecord, validation: keyof EpochRecord) =>
    [
      { name: 'training', kind: 'training', values: history.map((record) => record[training]) },
      { name: 'validation', kind: 'validation', values: history.map((record) => record[validation]) },
    ] as const;
  const accuracy = lineChart({
    title: 'Accuracy',
    epochs,
    series: series('accuracy', 'validationAccuracy'),
    reference: { name: 'test, at the end', value: test.accuracy },
    ceiling: 1,
    format: (value) => formatPercent(value),
    formatTick: (value) => `${formatNumber(value * 100)}%`,
  });
  const loss = lineChart({
    title: 'Loss',
    epochs,
    series: series('loss', 'validationLoss'),
    reference: { name: 'test, at the end', value: test.loss },
    from: 0,
    format: (value) => value.toFixed(4),
    formatTick: (value) => formatNumber(value),
  });
  return html`<section aria-labelledby="training">
<h2 id="training">How it learned</h2>
<div class="charts">${accuracy}${loss}</div>
<details><summary>The numbers, epoch by epoch</summary>${table(history)}</details>
</section>
`;
}

const COLUMNS: readonly [string, keyof EpochRecord, (value: number) => string][] = [
  ['Loss', 'loss', (value) => value.toFixed(4)],
  ['Accuracy', 'accuracy', (value) => formatPercent(value)],
  ['Validation loss', 'validationLoss', (value) => value.toFixed(4)],
  ['Validation accuracy', 'validationAccuracy', (value) => formatPercent(value)],
  ['Learning rate', 'learningRate', (value) => formatNumber(value)],
  ['Seconds', 'seconds', (value) => value.toFixed(1)],
];

function table(history: History): Html {
  const columns = COLUMNS.filter(([, key]) => history.some((record) => record[key] !== undefined));
  const rows = history.map((record) => {
    const cells = columns.map(([, key, format]) => {
      const value = record[key];
      return html`<td>${value === undefined ? '' : format(value)}</td>`;
    });
    return html`<tr><th scope="row">${record.epoch}</th>${cells}</tr>
`;
  });
  return html`<div class="scroll" role="region" aria-label="Training, epoch by epoch" tabindex="0"><table class="numbers">
<thead><tr><th scope="col">Epoch</th>${columns.map(([title]) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}
