import { formatCount, formatNumber, formatPercent, formatQuantity } from '../format/format.ts';
import { coordinate, type Hole, type Html, html } from '../format/html.ts';
import { niceTicks } from '../format/ticks.ts';
import { type OptionValue, settingsText } from '../recipes/index.ts';
import { intervalOf, ranked, type TrialResult } from './results.ts';
import { frame, logarithmicTicks } from './svg.ts';
import type { Variation } from './variation.ts';

export interface ImageOptions {
  /** `keras-cnn on cifar10`. */
  readonly title: string;
  readonly variations: readonly Variation[];
  readonly trials: readonly TrialResult[];
  /** Validation images: how sure the accuracies are. */
  readonly images: number;
}

type Scored = TrialResult & { readonly score: NonNullable<TrialResult['score']> };

const WIDTH = 880;
const TOP = 104;

/**
 * A sweep as one SVG file that needs nothing else: bars for the values of one list, points for one range, and a line
 * for every trial across parallel axes where several settings vary. Follows the viewer's light or dark setting.
 */
export function renderSweep(options: ImageOptions): string {
  const scored = options.trials.filter((trial): trial is Scored => trial.score !== undefined);
  const best = ranked(scored).at(0);
  const [first, ...others] = options.variations;
  const { height, drawing } = !best
    ? {
        height: TOP + 40,
        drawing: html`<text class="note" x="40" y="${TOP + 10}">No trial has been evaluated yet.</text>`,
      }
    : others.length > 0
      ? parallel(options.variations, scored, best)
      : first.kind === 'list'
        ? bars(first, scored, best, options.images)
        : points(first, scored, best, options.images);
  const failed = options.trials.filter(({ state }) => state === 'failed').length;
  const subtitle = [
    `Validation accuracy on ${formatCount(options.images)} images`,
    best &&
      `best${best.score.byLoss ? ' by validation loss' : ''}: ${settingsText(best.settings)}, ${formatPercent(best.score.accuracy)}`,
    failed > 0 && `${failed} failed`,
  ].filter(Boolean);
  return frame({
    title: options.title,
    subtitle: subtitle.join('  ·  '),
    width: WIDTH,
    height,
    drawing,
    style: STYLE,
  });
}

interface Drawing {
  readonly height: number;
  readonly drawing: Html;
}

/** A bar for every value of a list, in the order that it was given, with its 95% interval. */
function bars({ name }: Variation, trials: readonly Scored[], best: Scored, images: number): Drawing {
  const [left, right, step, thick] = [190, WIDTH - 190, 38, 22];
  const bottom = TOP + trials.length * step;
  const high = Math.min(
    1,
    niceTicks(0, Math.max(...trials.map(({ score }) => intervalOf(score, images)[1])), 6).at(-1)!,
  );
  const x = (value: number) => coordinate(left + (value / high) * (right - left));
  const rows = trials.map((trial, i) => {
    const y = TOP + i * step + step / 2;
    const [low, up] = intervalOf(trial.score, images);
    return html`<g class="${kind(trial, best)}"><title>${hover(trial)}</title>
<text class="name" x="${left - 14}" y="${y}" dy="0.35em" text-anchor="end">${`${trial.settings[name]}`}</text>
<rect class="bar" x="${left}" y="${y - thick / 2}" width="${coordinate(x(trial.score.accuracy) - left)}" height="${thick}" rx="3"/>
<path class="interval" d="M${x(low)} ${y}H${x(up)}M${x(low)} ${y - 5}V${y + 5}M${x(up)} ${y - 5}V${y + 5}"/>
<text class="value" x="${x(up) + 12}" y="${y}" dy="0.35em">${formatPercent(trial.score.accuracy)}${trial.state === 'finished' ? '' : ` after ${formatQuantity(trial.epochs, 'epoch')}`}</text></g>
`;
  });
  const grid = niceTicks(0, high, 6)
    .filter((tick) => tick <= high)
    .map(
      (tick) => html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${bottom}"/>
<text class="tick" x="${x(tick)}" y="${bottom + 20}" text-anchor="middle">${formatNumber(tick * 100)}%</text>`,
    );
  return {
    height: bottom + 48,
    drawing: html`${grid}${rows}<text class="axis" x="${left - 14}" y="${TOP - 6}" text-anchor="end">${name}</text>`,
  };
}

/** A point for every trial over one range, with its 95% interval. */
function points(variation: Variation, trials: readonly Scored[], best: Scored, images: number): Drawing {
  const [left, right, bottom] = [90, WIDTH - 50, TOP + 360];
  const y = axisOf(trials, images, TOP, bottom);
  const x = placeOf(variation, left, right);
  const marks = trials.map((trial) => {
    const at = x(trial.settings[variation.name]);
    const [low, up] = intervalOf(trial.score, images);
    return html`<g class="${kind(trial, best)}"><title>${hover(trial)}</title>
<path class="interval" d="M${at} ${y.at(low)}V${y.at(up)}"/><circle class="dot" cx="${at}" cy="${y.at(trial.score.accuracy)}" r="6"/></g>
`;
  });
  const ticks = ticksOf(variation).map(
    (tick) => html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${bottom}"/>
<text class="tick" x="${x(tick)}" y="${bottom + 22}" text-anchor="middle">${formatNumber(tick)}</text>`,
  );
  return {
    height: bottom + 92,
    drawing: html`${y.grid(left, right)}${ticks}${marks}<text class="axis" x="${(left + right) / 2}" y="${bottom + 46}" text-anchor="middle">${variation.name}</text>
${legend(trials, left, bottom + 74)}`,
  };
}

/** An axis for every setting and one for the accuracy; a line for every trial, the better the bluer. */
function parallel(variations: readonly Variation[], trials: readonly Scored[], best: Scored): Drawing {
  const [left, right, bottom] = [90, WIDTH - 90, TOP + 390];
  const top = TOP + 30;
  const column = (i: number) => coordinate(left + (i / variations.length) * (right - left));
  const accuracies = trials.map(({ score }) => score.accuracy);
  const ticks = niceTicks(Math.min(...accuracies), Math.max(...accuracies), 6);
  const high = Math.min(1, ticks.at(-1)!);
  // Where all trials are right about everything, the axis is the step below.
  const low = Math.max(0, Math.min(ticks[0], high - (ticks[1] - ticks[0])));
  const accuracyY = (value: number) => coordinate(bottom - ((value - low) / (high - low)) * (bottom - top));
  const places = variations.map((variation) => placeOf(variation, bottom, top));
  // The best is drawn last, above the others.
  const lines = ranked(trials)
    .toReversed()
    .map((trial) => {
      const { score, settings } = trial;
      const stops = [
        ...variations.map(({ name }, i) => [column(i), places[i](settings[name])]),
        [right, accuracyY(score.accuracy)],
      ];
      const path = stops.map(([x, y], i) => {
        if (i === 0) return `M${x} ${y}`;
        const [fromX, fromY] = stops[i - 1];
        const middle = coordinate((fromX + x) / 2);
        return `C${middle} ${fromY} ${middle} ${y} ${x} ${y}`;
      });
      const shade = coordinate(0.15 + 0.75 * ((score.accuracy - low) / (high - low)));
      return html`<g class="${kind(trial, best)}"><title>${hover(trial)}</title><path class="way" style="--shade:${shade}" d="${path.join('')}"/></g>
`;
    });
  const axes: Hole[] = variations.map((variation, i) => {
    const labels = variation.kind === 'list' ? variation.values : ticksOf(variation);
    return html`<line class="rail" x1="${column(i)}" x2="${column(i)}" y1="${top}" y2="${bottom}"/>
<text class="axis" x="${column(i)}" y="${top - 18}" text-anchor="middle">${variation.name}</text>
${labels.map((label) => html`<text class="tick halo" x="${column(i) - 9}" y="${places[i](label)}" dy="0.35em" text-anchor="end">${typeof label === 'number' ? formatNumber(label) : `${label}`}</text>`)}`;
  });
  axes.push(html`<line class="rail" x1="${right}" x2="${right}" y1="${top}" y2="${bottom}"/>
<text class="axis" x="${right}" y="${top - 18}" text-anchor="middle">accuracy</text>
${ticks.filter((tick) => tick >= low && tick <= high).map((tick) => html`<text class="tick halo" x="${right + 9}" y="${accuracyY(tick)}" dy="0.35em">${formatNumber(tick * 100)}%</text>`)}`);
  return { height: bottom + 66, drawing: html`${lines}${axes}${legend(trials, left, bottom + 40)}` };
}

function kind({ number, state }: TrialResult, best: TrialResult): string {
  return `${state === 'finished' ? '' : 'short '}${number === best.number ? 'best' : 'trial'}`;
}

function hover({ number, settings, score, epochs, state }: Scored): string {
  return `Trial ${number}: ${settingsText(settings)}\n${formatPercent(score.accuracy)}, loss ${score.loss.toFixed(4)}, ${epochs} epochs, ${state}`;
}

function legend(trials: readonly TrialResult[], x: number, y: number): Html {
  const short = trials.some(({ state }) => state !== 'finished');
  return html`<g class="best"><circle class="dot" cx="${x + 6}" cy="${y}" r="6"/></g><text class="tick" x="${x + 20}" y="${y}" dy="0.35em">best</text>
<g class="trial"><circle class="dot" cx="${x + 76}" cy="${y}" r="6"/></g><text class="tick" x="${x + 90}" y="${y}" dy="0.35em">trained to the end</text>
${short && html`<g class="short trial"><circle class="dot" cx="${x + 226}" cy="${y}" r="6"/></g><text class="tick" x="${x + 240}" y="${y}" dy="0.35em">stopped before</text>`}`;
}

/** The vertical axis of accuracies with room for their intervals. */
function axisOf(trials: readonly Scored[], images: number, top: number, bottom: number) {
  const ends = trials.flatMap(({ score }) => intervalOf(score, images));
  const ticks = niceTicks(Math.min(...ends), Math.max(...ends), 7).filter((tick) => tick >= 0 && tick <= 1);
  const [low, high] = [ticks[0], ticks.at(-1)!];
  const at = (value: number) => coordinate(bottom - ((value - low) / (high - low)) * (bottom - top));
  const grid = (left: number, right: number) =>
    ticks.map(
      (tick) => html`<line class="grid" x1="${left}" x2="${right}" y1="${at(tick)}" y2="${at(tick)}"/>
<text class="tick" x="${left - 12}" y="${at(tick)}" dy="0.35em" text-anchor="end">${formatNumber(tick * 100)}%</text>`,
    );
  return { at, grid };
}

/** Where a setting's value lies between two ends of an axis. */
function placeOf(variation: Variation, start: number, end: number): (value: unknown) => number {
  if (variation.kind === 'list') {
    const { values } = variation;
    const fraction = (value: unknown) =>
      values.length === 1 ? 0.5 : values.indexOf(value as OptionValue) / (values.length - 1);
    return (value) => coordinate(start + fraction(value) * (end - start));
  }
  const { scale, from, to } = variation;
  const along = scale === 'log' ? Math.log : (value: number) => value;
  return (value) =>
    coordinate(start + ((along(Number(value)) - along(from)) / (along(to) - along(from))) * (end - start));
}

/** Round numbers within a range: powers of ten where it is logarithmic and wide, else even steps. */
function ticksOf(variation: Variation): number[] {
  if (variation.kind === 'list') return [];
  const { scale, from, to } = variation;
  const even = niceTicks(from, to, 6, scale === 'int' ? 1 : 0).filter((tick) => tick >= from && tick <= to);
  return scale === 'log' ? logarithmicTicks(from, to) : even;
}

const STYLE = `
.name, .value { fill: var(--ink); }
.rail { stroke: var(--soft); stroke-width: 1.5; }
.bar, .dot { fill: var(--blue); }
.short .bar, .short .dot { fill: var(--pale); }
.best .bar, .best .dot { fill: var(--orange); }
.best .value, .best .name { font-weight: 650; }
.interval { fill: none; stroke: var(--ink); stroke-width: 1.25; opacity: 0.55; }
.way { fill: none; stroke: var(--blue); stroke-width: 1.75; opacity: var(--shade); }
.short .way { stroke-dasharray: 3 4; }
.best .way { stroke: var(--orange); stroke-width: 3.5; opacity: 1; }
g:hover .way { stroke-width: 4; opacity: 1; }
`;
