import { type ComponentChildren, Fragment, h, type JSX } from 'preact';
import type { Calibration } from '../evaluation/calibration.ts';
import type { Evaluation } from '../evaluation/evaluate.ts';
import type { TemperatureScaling } from '../evaluation/temperature.ts';
import { formatCount, formatNumber, formatPercent, formatQuantity } from '../format/format.ts';
import { coordinate } from '../format/html.ts';
import { legend, stroke, swatch } from './legend.ts';
import { type Column, Table } from './table.ts';

const SIZE = 320;
const LEFT = 46;
const TOP = 10;
/** Height of the strip below that shows where the images lie. */
const STRIP = 46;
const BOTTOM = TOP + SIZE;

/** The reliability diagram: how often the model is right when it says how sure it is. */
export function Reliability({ calibration }: { readonly calibration: Calibration }): JSX.Element {
  const { bins, expectedCalibrationError } = calibration;
  const x = (fraction: number) => coordinate(LEFT + fraction * SIZE);
  const y = (fraction: number) => coordinate(TOP + (1 - fraction) * SIZE);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((tick) =>
    h(
      'g',
      { key: tick },
      h('line', { class: 'grid', x1: LEFT, x2: LEFT + SIZE, y1: y(tick), y2: y(tick) }),
      h('text', { x: LEFT - 7, y: y(tick), dy: '0.35em', 'text-anchor': 'end' }, `${100 * tick}%`),
      h(
        'text',
        { x: x(tick), y: BOTTOM + 18, 'text-anchor': tick === 1 ? 'end' : 'middle' },
        `${100 * tick}%`,
      ),
    ),
  );
  const bars = bins.map(({ from, to, count, accuracy, confidence }) => {
    if (accuracy === null || confidence === null) return null;
    const column = { x: x(from), width: coordinate((to - from) * SIZE - 1.5) };
    const [low, high] = [Math.min(accuracy, confidence), Math.max(accuracy, confidence)];
    const height = coordinate((count / most) * STRIP);
    const level = y(accuracy);
    const words = [
      `Stated ${formatPercent(from, 0)}–${formatPercent(to, 0)}, on average ${formatPercent(confidence, 1)}`,
      `right ${formatPercent(accuracy, 1)} of ${formatCount(count)} images`,
    ];
    return h(
      'g',
      { key: from },
      h('title', null, words.join('\n')),
      h('rect', { class: 'fraction', ...column, y: level, height: coordinate(accuracy * SIZE) }),
      h('rect', { class: 'gap', ...column, y: y(high), height: coordinate((high - low) * SIZE) }),
      h('line', {
        class: 'level',
        x1: column.x,
        x2: coordinate(column.x + column.width),
        y1: level,
        y2: level,
      }),
      h('rect', { class: 'images', ...column, y: coordinate(BOTTOM + 34 + STRIP - height), height }),
    );
  });
  return h(
    'figure',
    { class: 'reliability' },
    h(
      'svg',
      {
        viewBox: `0 0 ${LEFT + SIZE + 4} ${BOTTOM + STRIP + 58}`,
        role: 'img',
        'aria-label': `Fraction correct against stated probability, in ${bins.length} bins. Expected calibration error ${formatPercent(expectedCalibrationError)}`,
      },
      ticks,
      bars,
      h('line', { class: 'ideal', x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
      h(
        'text',
        { x: LEFT + SIZE / 2, y: BOTTOM + STRIP + 52, 'text-anchor': 'middle' },
        'stated probability',
      ),
    ),
    legend([
      [swatch('fraction'), 'fraction that is correct'],
      [swatch('gap'), 'difference between the two'],
      [stroke('ideal'), 'both equal'],
      [swatch('images'), 'number of images'],
    ]),
  );
}

/** The same in words, and what was done about it. */
export function ReliabilityWords({ evaluation }: { readonly evaluation: Evaluation }): JSX.Element {
  const { calibration, temperatureScaling, multiLabel } = evaluation;
  const { bins, expectedCalibrationError } = calibration;
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const mean = (of: 'confidence' | 'accuracy') =>
    bins.reduce((sum, bin) => sum + bin.count * (bin[of] ?? 0), 0) / Math.max(1, total);
  const [stated, right] = [mean('confidence'), mean('accuracy')];
  const points = formatPercent(Math.abs(stated - right), 1).slice(0, -1);
  const verdict =
    Math.abs(stated - right) < 0.01
      ? 'On average the two agree.'
      : `The model is ${stated > right ? 'over-confident' : 'under-confident'} by ${points} points on average.`;
  return h(
    'div',
    { class: 'reliability-words' },
    h(
      'p',
      null,
      multiLabel ? 'The mean probability of a label is ' : 'The mean probability of the predicted class is ',
      h('b', null, formatPercent(stated, 1)),
      multiLabel ? ', and the fraction of images that have it is ' : ', and the accuracy is ',
      h('b', null, formatPercent(right, 1)),
      `. ${verdict} The expected calibration error is `,
      h('b', null, formatPercent(expectedCalibrationError)),
      '.',
    ),
    temperatureScaling && temperatureWords(temperatureScaling),
  );
}

/** What was done about it, or why nothing was. */
function temperatureWords({
  temperature,
  reason,
  validation,
  judged,
}: TemperatureScaling): ComponentChildren {
  if (!judged) return reason && h('p', { class: 'note' }, `No temperature was fitted: ${reason}.`);
  const rows: Measured[] = [
    ...(validation ? [{ name: 'held-out images', ...validation }] : []),
    { name: 'images evaluated', ...judged },
  ];
  return h(
    Fragment,
    null,
    h(
      'p',
      null,
      'Its logits are divided by the temperature ',
      h('b', null, formatNumber(temperature)),
      ', fitted',
      validation && ` on ${formatQuantity(validation.images, 'held-out image')}`,
      '. This changes probabilities, but no predicted class.',
    ),
    h(Table<Measured>, {
      label: 'Effect of the temperature',
      columns: MEASURED,
      rows,
      keyOf: ({ name }) => name,
    }),
  );
}

type Measured = { readonly name: string } & NonNullable<TemperatureScaling['judged']>;

const MEASURED: readonly Column<Measured>[] = [
  { id: 'name', title: 'Measured on', cell: ({ name }) => name },
  ...(['expectedCalibrationError', 'loss'] as const).flatMap((measure) =>
    (['before', 'after'] as const).map((when) => ({
      id: `${measure} ${when}`,
      title: when === 'after' ? when : measure === 'loss' ? 'Loss before' : 'Error before',
      numeric: true,
      cell: (row: Measured) =>
        measure === 'loss' ? row[when].loss.toFixed(4) : formatPercent(row[when].expectedCalibrationError),
    })),
  ),
];
