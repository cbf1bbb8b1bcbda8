import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { cssColor, paletteVersion } from '../theme.ts';
import './chart.css';
import { aligned, lastAt } from './chart-data.ts';

export interface ChartSeries {
  readonly name: string;
  /** A custom property, such as `--series-1`. */
  readonly color: `--${string}`;
  readonly dashed?: boolean;
  /** Ascending. */
  readonly x: readonly number[];
  /** As many; what is not finite is a gap. */
  readonly y: readonly number[];
}

export interface ChartProps {
  readonly title: string;
  readonly series: readonly ChartSeries[];
  /** What x counts: `epoch`. */
  readonly xLabel: string;
  /** A value in words, for the legend and the axis. */
  readonly format: (value: number) => string;
  readonly formatTick?: (value: number) => string;
  /** Where the vertical axis must begin, and where it may not go beyond. */
  readonly from?: number;
  readonly ceiling?: number;
  readonly height?: number;
}

/**
 * Lines over a common axis. The drawing is made once; new values are put into it, at most once a frame, so that a
 * chart can stay open for as long as a training takes.
 */
export function Chart(props: ChartProps) {
  const { title, series, xLabel, format, height = 260 } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [cursor, setCursor] = useState<number | null>(null);
  const data = useMemo(() => aligned(series), [series]);
  const dataRef = useRef(data);
  dataRef.current = data;
  const isEmpty = data[0].length === 0;
  // Other lines make another drawing; other values do not.
  const kind = JSON.stringify([
    height,
    xLabel,
    series.map(({ name, color, dashed }) => [name, color, dashed]),
  ]);

  // What `kind` holds is all that a drawing is made from.
  useEffect(() => {
    const element = place.current!;
    const made = new uPlot(optionsOf(latest, element, setCursor), dataRef.current, element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      const width = Math.floor(element.clientWidth);
      if (width > 0 && width !== made.width) made.setSize({ width, height: made.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [kind]);

  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (plot.current && plot.current.data !== data) plot.current.setData(data);
    });
    return () => cancelAnimationFrame(frame);
  }, [data]);

  const palette = paletteVersion.value;
  // The palette is the reason.
  useEffect(() => {
    plot.current?.redraw(false, true);
  }, [palette]);

  const x = data[0] as number[];
  const at = cursor === null || cursor >= x.length ? x.length - 1 : cursor;
  const values = series.map((_, i) => lastAt(data[i + 1] as (number | null | undefined)[], at));
  const words = series
    .map(({ name }, i) => (values[i] === undefined ? '' : `${name} ${format(values[i])}`))
    .filter((text) => text !== '')
    .join(', ');
  return (
    <figure class="chart">
      <figcaption>
        <h2>{title}</h2>
        <ul class="legend">
          {series.map(({ name, color, dashed }, i) => (
            <li key={name}>
              <svg viewBox="0 0 24 10" width="24" height="10" aria-hidden="true">
                <line
                  x1="1"
                  x2="23"
                  y1="5"
                  y2="5"
                  stroke={`var(${color})`}
                  stroke-width="2.5"
                  stroke-linecap="round"
                  stroke-dasharray={dashed ? '5 4' : undefined}
                />
              </svg>
              {name} <b>{values[i] === undefined ? '–' : format(values[i])}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      {isEmpty && (
        <p class="chart-empty" style={{ minHeight: `${height}px` }}>
          Nothing is recorded yet.
        </p>
      )}
      {/* It stays, so that it need not be made again; but without a value its axes would be made up. */}
      <div
        ref={place}
        hidden={isEmpty}
        role="img"
        aria-label={words ? `${title} at ${xLabel} ${Math.ceil(x[at])}: ${words}` : `${title}: nothing yet`}
        style={{ minHeight: `${height}px` }}
      />
    </figure>
  );
}

function optionsOf(
  latest: { readonly current: ChartProps },
  element: HTMLElement,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const color = (name: `--${string}`) => () => cssColor(element, name);
  const axis: uPlot.Axis = {
    stroke: color('--soft'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: color('--hair'), width: 1 },
    ticks: { show: false },
    gap: 8,
  };
  const { series, xLabel, height = 260 } = latest.current;
  return {
    width: Math.max(120, Math.floor(element.clientWidth)),
    height,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 8 } },
    hooks: { setCursor: [(made) => onCursor(made.cursor.left! < 0 ? null : (made.cursor.idx ?? null))] },
    scales: {
      x: { time: false, range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
      y: {
        range: (_, low, high) => {
          const { from, ceiling } = latest.current;
          if (low === null || high === null) return [from ?? 0, ceiling ?? 1];
          const room = high > low ? 0.06 * (high - low) : 0.1 * Math.abs(high) || 0.1;
          return [from ?? low - room, Math.min(ceiling ?? Number.POSITIVE_INFINITY, high + room)];
        },
      },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        label: xLabel,
        labelSize: 22,
        labelFont: '12px system-ui, sans-serif',
        size: 28,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
        space: 36,
      },
      {
        ...axis,
        size: 52,
        space: 30,
        values: (_, ticks) => ticks.map((tick) => (latest.current.formatTick ?? latest.current.format)(tick)),
      },
    ],
    series: [
      {},
      ...series.map(
        ({ name, color: stroke, dashed }, i): uPlot.Series => ({
          label: name,
          stroke: color(stroke),
          width: 2,
          ...(dashed && { dash: [6, 5] }),
          // A single value would be a line without length.
          points: {
            size: 7,
            fill: color(stroke),
            show: (made) =>
              (made.data[i + 1] as unknown[]).filter((value) => typeof value === 'number').length === 1,
          },
        }),
      ),
    ],
  };
}
