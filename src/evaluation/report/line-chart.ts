import { coordinate, type Html, html } from './html.ts';
import { epochTicks, niceTicks } from './ticks.ts';

export interface Series {
  readonly name: string;
  /** Which colour and stroke the style sheet gives it. */
  readonly kind: 'training' | 'validation' | `run${number}`;
  /** One value per epoch; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
}

export interface LineChart {
  readonly title: string;
  readonly epochs: readonly number[];
  readonly series: readonly Series[];
  /** A level across the chart, such as the accuracy on the test set. */
  readonly reference?: { readonly name: string; readonly value: number };
  /** Where the vertical axis must begin; otherwise a little below the lowest value. */
  readonly from?: number;
  /** Where the vertical axis may not go beyond. */
  readonly ceiling?: number;
  /** A value in words, for the legend and the hover text. */
  format(value: number): string;
  /** A value on the axis. */
  formatTick(value: number): string;
}

const WIDTH = 520;
const HEIGHT = 300;
const MARGIN = { top: 14, right: 14, bottom: 44, left: 54 };

/** A line per series over the epochs, as a figure with legend. Hovering over an epoch names its values. */
export function lineChart(chart: LineChart): Html {
  const series = chart.series.filter(({ values }) => values.some(isNumber));
  const all = [...series.flatMap(({ values }) => values), chart.reference?.value].filter(isNumber);
  if (series.length === 0 || all.length === 0) return html``;

  const ticks = niceTicks(chart.from ?? Math.min(...all), Math.max(...all), 6);
  const low = ticks[0];
  const high = Math.min(chart.ceiling ?? Number.POSITIVE_INFINITY, ticks[ticks.length - 1]);
  const first = Math.min(...chart.epochs);
  const last = Math.max(...chart.epochs);
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const x = (epoch: number) =>
    coordinate(
      last === first
        ? (MARGIN.left + right) / 2
        : MARGIN.left + ((epoch - first) / (last - first)) * (right - MARGIN.left),
    );
  const y = (value: number) => coordinate(bottom - ((value - low) / (high - low)) * (bottom - MARGIN.top));

  const grid = ticks
    .filter((tick) => tick <= high)
    .map(
      (tick) => html`<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>
<text class="tick" x="${MARGIN.left - 8}" y="${y(tick)}" dy="0.35em" text-anchor="end">${chart.formatTick(tick)}</text>`,
    );
  const epochLabels = epochTicks(first, last, 7).map(
    (tick) => html`<text class="tick" x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`,
  );
  const reference =
    chart.reference &&
    html`<line class="reference" x1="${MARGIN.left}" x2="${right}" y1="${y(chart.reference.value)}" y2="${y(chart.reference.value)}"/>`;
  const lines = series.map(
    ({ kind, values }) => html`<path class="line ${kind}" d="${path(chart.epochs, values, x, y)}"/>`,
  );

  // One invisible column per epoch catches the pointer, so that no one has to hit a line.
  const column = last === first ? right - MARGIN.left : (right - MARGIN.left) / (last - first);
  const hovers = chart.epochs.map((epoch, i) => {
    const named = series.filter(({ values }) => isNumber(values[i]));
    const text = named.map(({ name, values }) => `${name} ${chart.format(values[i]!)}`).join('\n');
    return html`<g class="epoch"><title>Epoch ${epoch}
${text}</title><rect x="${coordinate(x(epoch) - column / 2)}" y="${MARGIN.top}" width="${coordinate(column)}" height="${bottom - MARGIN.top}"/>
<line class="cursor" x1="${x(epoch)}" x2="${x(epoch)}" y1="${MARGIN.top}" y2="${bottom}"/>
${named.map(({ kind, values }) => html`<circle class="dot ${kind}" cx="${x(epoch)}" cy="${y(values[i]!)}" r="${chart.epochs.length === 1 ? 5 : 4}"/>`)}</g>`;
  });

  const keys = series.map(({ name, kind, values }) => {
    const final = values.findLast(isNumber)!;
    return key(kind, name, chart.format(final));
  });
  if (chart.reference) keys.push(key('reference', chart.reference.name, chart.format(chart.reference.value)));
  return html`<figure class="chart${chart.epochs.length === 1 && ' single'}">
<figcaption><h3>${chart.title}</h3><ul class="legend">${keys}</ul></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${chart.title} over ${chart.epochs.length} epochs; the numbers stand in the table below">
${grid}${epochLabels}
<text class="tick" x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">epoch</text>
${reference}${lines}${hovers}
</svg>
</figure>
`;
}

function key(kind: Series['kind'] | 'reference', name: string, value: string): Html {
  return html`<li><svg viewBox="0 0 24 10" width="24" height="10" aria-hidden="true"><line class="${kind === 'reference' ? 'reference' : `line ${kind}`}" x1="0" x2="24" y1="5" y2="5"/></svg>${name} <b>${value}</b></li>`;
}

/** Breaks where a value is missing instead of bridging the gap with a line that nobody measured. */
function path(
  epochs: readonly number[],
  values: readonly (number | undefined)[],
  x: (epoch: number) => number,
  y: (value: number) => number,
): string {
  let text = '';
  let pen = 'M';
  epochs.forEach((epoch, i) => {
    const value = values[i];
    if (isNumber(value)) text += `${pen}${x(epoch)} ${y(value)}`;
    pen = isNumber(value) ? 'L' : 'M';
  });
  return text;
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}
