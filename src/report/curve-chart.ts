import { h, type JSX } from 'preact';
import { formatCount, formatPercent } from '../format/format.ts';
import { coordinate } from '../format/html.ts';
import { niceTicks } from '../format/ticks.ts';
import type { CurvePoint, LearningCurve } from '../inspection/index.ts';
import { legend, stroke } from './legend.ts';

const WIDTH = 720;
const HEIGHT = 320;
const MARGIN = { top: 14, right: 24, bottom: 48, left: 58 };
const [RIGHT, BOTTOM] = [WIDTH - MARGIN.right, HEIGHT - MARGIN.bottom];

/** Rules of the chart, beside those of line charts. */
export const CURVE_STYLE = `
.curve-chart { max-width: 760px; }
.curve-chart .spread { stroke: var(--series-1); stroke-width: 8; opacity: 0.25; stroke-linecap: round; }
.curve-chart .spread.forecast { stroke: var(--series-2); }
.curve-chart .line-chart-dot { fill: var(--series-1); stroke: var(--page); stroke-width: 1.5; }
.curve-chart .line-chart-dot.forecast { fill: var(--series-2); }
`;

/** Accuracy over the number of training images, halving by halving, with its intervals and what twice as many would bring. */
export function CurveChart({ curve }: { readonly curve: LearningCurve }): JSX.Element {
  const { points, forecast } = curve;
  const all: readonly CurvePoint[] = forecast ? [...points, forecast] : points;
  const ticks = niceTicks(
    Math.min(...all.map(({ interval95 }) => interval95[0])),
    Math.max(...all.map(({ interval95 }) => interval95[1])),
    6,
  ).filter((tick) => tick <= 1 + 1e-9);
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const [first, last] = [all[0].images, all[all.length - 1].images];
  const x = (images: number) =>
    coordinate(
      MARGIN.left +
        20 +
        (Math.log(images / first) / Math.log(last / first || 2)) * (RIGHT - MARGIN.left - 40),
    );
  const y = (value: number) => coordinate(BOTTOM - ((value - low) / (high - low)) * (BOTTOM - MARGIN.top));
  const line = (some: readonly CurvePoint[]) =>
    some.map(({ images, accuracy }, i) => `${i === 0 ? 'M' : 'L'}${x(images)} ${y(accuracy)}`).join('');
  const words = ({ images, accuracy, interval95: [from, to] }: CurvePoint) =>
    `${formatCount(images)} training images: ${formatPercent(accuracy, 1)} (${(100 * from).toFixed(1)}–${formatPercent(to, 1)})`;
  const keys = [[stroke('line training'), 'measured']];
  if (forecast) keys.push([stroke('line validation dashed'), 'expected with twice as many']);
  return h(
    'figure',
    { class: 'line-chart curve-chart' },
    h('figcaption', null, h('h3', null, 'Accuracy by number of training images'), legend(keys)),
    h(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': all.map(words).join('; ') },
      ticks.map((tick) =>
        h(
          'g',
          { key: tick },
          h('line', { class: 'grid', x1: MARGIN.left, x2: RIGHT, y1: y(tick), y2: y(tick) }),
          h(
            'text',
            { x: MARGIN.left - 8, y: y(tick), dy: '0.35em', 'text-anchor': 'end' },
            formatPercent(tick, high - low < 0.05 ? 1 : 0),
          ),
        ),
      ),
      all.map((point) =>
        h(
          'g',
          { key: point.images },
          h('line', {
            class: point === forecast ? 'spread forecast' : 'spread',
            x1: x(point.images),
            x2: x(point.images),
            y1: y(Math.max(low, point.interval95[0])),
            y2: y(Math.min(high, point.interval95[1])),
          }),
          h(
            'text',
            { x: x(point.images), y: BOTTOM + 20, 'text-anchor': 'middle' },
            formatCount(point.images),
          ),
        ),
      ),
      h('text', { x: (MARGIN.left + RIGHT) / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }, 'training images'),
      h('path', { class: 'line training', d: line(points) }),
      forecast &&
        h('path', { class: 'line validation dashed', d: line([points[points.length - 1], forecast]) }),
      all.map((point) =>
        h(
          'circle',
          {
            key: point.images,
            class: point === forecast ? 'line-chart-dot forecast' : 'line-chart-dot',
            cx: x(point.images),
            cy: y(point.accuracy),
            r: 5,
          },
          h('title', null, words(point)),
        ),
      ),
    ),
  );
}
