import { formatNumber } from '../format/format.ts';
import { coordinate, html } from '../format/html.ts';
import { niceTicks } from '../format/ticks.ts';
import type { RangeTest } from '../training/index.ts';
import { frame, logarithmicTicks } from './svg.ts';

/** Of the loss that diverges, so much of the range above the best is shown. */
const HEADROOM = 1.25;

/** A range test as one SVG file: loss over the learning rate, with what it suggests. */
export function renderRangeTest(title: string, { points, steepest, lowest }: RangeTest): string {
  const [left, right, top, bottom, width] = [90, 830, 100, 460, 880];
  if (points.length < 2) {
    const note = html`<text class="note" x="40" y="120">The loss was not finite from the beginning.</text>`;
    return frame({
      title,
      subtitle: 'Learning-rate range test',
      width,
      height: 160,
      drawing: note,
      style: '',
    });
  }
  const smoothed = points.map((point) => point.smoothed);
  const beginning = points.slice(0, Math.ceil(points.length / 4)).map(({ loss }) => loss);
  const ceiling = Math.min(Math.max(...smoothed), HEADROOM * Math.max(...beginning));
  const ticks = niceTicks(Math.max(0, 0.95 * Math.min(...smoothed)), ceiling, 6);
  const [low, high] = [ticks[0], ticks.at(-1)!];
  const [from, to] = [points[0].learningRate, points.at(-1)!.learningRate];
  const x = (rate: number) =>
    coordinate(left + (Math.log(rate / from) / Math.log(to / from)) * (right - left));
  const y = (loss: number) =>
    coordinate(bottom - ((Math.min(loss, 2 * high) - low) / (high - low)) * (bottom - top));
  const grid = ticks.map(
    (tick) => html`<line class="grid" x1="${left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>
<text class="tick" x="${left - 12}" y="${y(tick)}" dy="0.35em" text-anchor="end">${formatNumber(tick)}</text>`,
  );
  const rates = logarithmicTicks(from, to).map(
    (tick) => html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${top}" y2="${bottom}"/>
<text class="tick" x="${x(tick)}" y="${bottom + 22}" text-anchor="middle">${formatNumber(tick)}</text>`,
  );
  const line = points.map(
    ({ learningRate, smoothed: loss }, i) => `${i === 0 ? 'M' : 'L'}${x(learningRate)} ${y(loss)}`,
  );
  const dots = points.map(
    ({ learningRate, loss }) =>
      html`<circle cx="${x(learningRate)}" cy="${y(loss)}" r="2.25"><title>learning rate ${formatNumber(learningRate)}: loss ${loss.toFixed(4)}</title></circle>`,
  );
  const mark = (rate: number | undefined, name: string, row: number) =>
    rate !== undefined &&
    html`<line class="mark" x1="${x(rate)}" x2="${x(rate)}" y1="${top}" y2="${bottom}"/>
<text class="marked halo" x="${coordinate(x(rate) - 8)}" y="${top + 16 + 20 * row}" text-anchor="end">${name}: ${formatNumber(rate, 2)}</text>`;
  const drawing = html`<clipPath id="plot"><rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/></clipPath>
${grid}${rates}
<g clip-path="url(#plot)"><g class="cloud">${dots}</g><path class="curve" d="${line.join('')}"/></g>
${mark(steepest, 'falls fastest', 0)}${mark(lowest && lowest / 10, 'a tenth of the lowest', 1)}
<text class="axis" x="${(left + right) / 2}" y="${bottom + 48}" text-anchor="middle">learning rate</text>
<text class="axis" x="${left}" y="${top - 12}" text-anchor="middle">loss</text>
`;
  const subtitle = `Learning-rate range test, ${points.length} steps; dots: single batches, line: their mean`;
  return frame({ title, subtitle, width, height: bottom + 74, drawing: drawing, style: STYLE });
}

const STYLE = `
.cloud circle { fill: var(--pale); }
.curve { fill: none; stroke: var(--blue); stroke-width: 2.5; stroke-linejoin: round; }
.mark { stroke: var(--orange); stroke-width: 1.5; stroke-dasharray: 5 4; }
.marked { fill: var(--orange); font-weight: 600; }
`;
