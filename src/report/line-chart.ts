import { h, type JSX } from 'preact';
import { coordinate } from '../format/html.ts';
import { epochTicks, niceTicks } from '../format/ticks.ts';
import { legend, stroke } from './legend.ts';

export interface Series {
  readonly name: string;
  /** Which colour the style sheet gives it. */
  readonly kind: 'training' | 'validation' | `run${number}`;
  readonly dashed?: boolean;
  /** One value per epoch; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
}

export interface LineChartProps {
  readonly title: string;
  readonly epochs: readonly number[];
  /** What the horizontal axis shows instead of epochs: its name, and a position in words. */
  readonly axis?: { readonly name: string; readonly format: (position: number) => string };
  readonly series: readonly Series[];
  /** A level across the chart, such as the accuracy on the test set. */
  readonly reference?: { readonly name: string; readonly value: number };
  /** Where the vertical axis must begin; otherwise a little below the lowest value. */
  readonly from?: number;
  /** Where the vertical axis may not go beyond. */
  readonly ceiling?: number;
  /** A value in words, for the legend and the hover text. */
  readonly format: (value: number) => string;
  /** A value on the axis. */
  readonly formatTick: (value: number) => string;
}

const WIDTH = 520;
const HEIGHT = 300;
const MARGIN = { top: 14, right: 14, bottom: 44, left: 54 };
const EPOCHS = { name: 'epoch', format: (epoch: number) => `${epoch}` };
const RIGHT = WIDTH - MARGIN.right;
const BOTTOM = HEIGHT - MARGIN.bottom;

/** A line per series over the epochs, as a figure with legend. Hovering over an epoch names its values. */
export function LineChart(props: LineChartProps): JSX.Element | null {
  const { title, epochs, axis = EPOCHS, reference, ceiling, from, format, formatTick } = props;
  const series = props.series.filter(({ values }) => values.some(isNumber));
  const all = [...series.flatMap(({ values }) => values), reference?.value].filter(isNumber);
  if (series.length === 0) return null;

  const nice = niceTicks(from ?? Math.min(...all), Math.max(...all), 6);
  const high = Math.min(ceiling ?? Number.POSITIVE_INFINITY, nice[nice.length - 1]);
  // Where all values are at the ceiling, the axis needs a tick below them.
  const ticks = nice[0] < high ? nice : [high - (nice[1] - nice[0]), ...nice];
  const [low] = ticks;
  const first = Math.min(...epochs);
  const last = Math.max(...epochs);
  const x = (epoch: number) =>
    coordinate(
      last === first
        ? (MARGIN.left + RIGHT) / 2
        : MARGIN.left + ((epoch - first) / (last - first)) * (RIGHT - MARGIN.left),
    );
  const y = (value: number) => coordinate(BOTTOM - ((value - low) / (high - low)) * (BOTTOM - MARGIN.top));
  const level = (kind: string, value: number) =>
    h('line', { class: kind, x1: MARGIN.left, x2: RIGHT, y1: y(value), y2: y(value) });

  const grid = ticks
    .filter((tick) => tick <= high)
    .map((tick) =>
      h(
        'g',
        { key: tick },
        level('grid', tick),
        h('text', { x: MARGIN.left - 8, y: y(tick), dy: '0.35em', 'text-anchor': 'end' }, formatTick(tick)),
      ),
    );
  const epochLabels = epochTicks(first, last, 7).map((tick) =>
    h(
      'text',
      { key: `epoch ${tick}`, x: x(tick), y: BOTTOM + 18, 'text-anchor': 'middle' },
      axis.format(tick),
    ),
  );
  const lines = series.map((each) =>
    h('path', { key: each.name, class: lineClass(each), d: path(epochs, each.values, x, y) }),
  );

  // One invisible column per epoch catches the pointer, so that no one has to hit a line.
  const column = last === first ? RIGHT - MARGIN.left : (RIGHT - MARGIN.left) / (last - first);
  const hovers = epochs.map((epoch, i) => {
    const named = series.filter(({ values }) => isNumber(values[i]));
    const words = named.map(({ name, values }) => `${name} ${format(values[i]!)}`);
    return h(
      'g',
      { key: epoch, class: 'epoch' },
      h('title', null, [`${capitalized(axis.name)} ${axis.format(epoch)}`, ...words].join('\n')),
      h('rect', {
        x: coordinate(x(epoch) - column / 2),
        y: MARGIN.top,
        width: coordinate(column),
        height: BOTTOM - MARGIN.top,
      }),
      h('line', { class: 'cursor', x1: x(epoch), x2: x(epoch), y1: MARGIN.top, y2: BOTTOM }),
      named.map(({ name, kind, values }) =>
        h('circle', {
          key: name,
          class: `dot ${kind}`,
          cx: x(epoch),
          cy: y(values[i]!),
          r: epochs.length === 1 ? 5 : 4,
        }),
      ),
    );
  });

  const told = ({ name, values }: Series) => {
    const [from, to] = [values.find(isNumber)!, values.findLast(isNumber)!].map(format);
    return from === to ? `${name} ${to}` : `${name} from ${from} to ${to}`;
  };
  const key = (kind: string, name: string, value: number) => [
    stroke(kind),
    `${name} `,
    h('b', null, format(value)),
  ];
  const keys = series.map((each) => key(lineClass(each), each.name, each.values.findLast(isNumber)!));
  if (reference) keys.push(key('reference', reference.name, reference.value));
  return h(
    'figure',
    { class: epochs.length === 1 ? 'line-chart single' : 'line-chart' },
    h('figcaption', null, h('h3', null, title), legend(keys)),
    h(
      'svg',
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: 'img',
        'aria-label': `${title} over ${epochs.length} ${axis === EPOCHS ? 'epochs' : `values of ${axis.name}`}: ${series.map(told).join('; ')}`,
      },
      grid,
      epochLabels,
      h('text', { x: (MARGIN.left + RIGHT) / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }, axis.name),
      reference && level('reference', reference.value),
      lines,
      hovers,
    ),
  );
}

function capitalized(name: string): string {
  return name[0].toUpperCase() + name.slice(1);
}

function lineClass({ kind, dashed }: Series): string {
  return dashed ? `line ${kind} dashed` : `line ${kind}`;
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
