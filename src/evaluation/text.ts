import { describeViews } from '../data/views.ts';
import {
  aligned,
  formatCount,
  formatInterval,
  formatNumber,
  formatPercent,
  formatQuantity,
  printable,
} from '../format/format.ts';
import { adaptiveViewsLines } from './adaptive-comparison.ts';
import { crossValidationText } from './cross-validation.ts';
import type { Evaluation } from './evaluate.ts';
import type { MultiLabelEvaluation } from './multi-label.ts';
import { type ClassScores, isKnown, type MacroScores, meansNote, weakestFirst } from './per-class.ts';
import { rejectionLines } from './rejection.ts';
import type { TemperatureScaling } from './temperature.ts';

/** How to set off parts of the text on a terminal. Each must add only invisible characters. */
export interface TextStyle {
  /** For headings and results. */
  strong(text: string): string;
  /** For secondary text. */
  faint(text: string): string;
}

const PLAIN: TextStyle = { strong: (text) => text, faint: (text) => text };

/** How `evaluationText` lays out and colours its lines. */
export interface TextOptions {
  /** How to set off parts of the text. Default: plain text. */
  readonly style?: TextStyle;
  /** How many confused pairs to list. 10 when left out. */
  readonly pairs?: number;
  /** How many classes to list; of more, those with the lowest F1. 30 when left out. */
  readonly classes?: number;
}

/** "6,939 of 10,000 right: 69.39% (95% interval 68.48–70.29%), loss 0.9321". */
export function headline({ correct, total, accuracy, interval95, loss, multiLabel }: Evaluation): string {
  if (multiLabel) {
    const { meanAveragePrecision: mean, micro } = multiLabel;
    const first = mean === undefined ? '' : `mAP ${formatPercent(mean)}, `;
    const exact = `${formatCount(correct)} of ${formatCount(total)} right in every label: ${formatPercent(accuracy)}`;
    return `${first}micro F1 ${formatPercent(micro.f1)}; ${exact} (95% interval ${formatInterval(interval95)}), loss ${loss.toFixed(4)}`;
  }
  const fraction = `${formatCount(correct)} of ${formatCount(total)} right: ${formatPercent(accuracy)}`;
  return `${fraction} (95% interval ${formatInterval(interval95)}), loss ${loss.toFixed(4)}`;
}

/** What the model looks at, where that is more than the image. */
function viewsLine({ testTimeAugmentation = 'none', viewsBelow }: Evaluation): string {
  if (testTimeAugmentation === 'none') return '';
  const where =
    viewsBelow === undefined ? '' : `, where the model is unsure (below ${viewsBelow.toFixed(3)})`;
  return `Test-time augmentation: ${describeViews(testTimeAugmentation)}, averaged${where}.`;
}

/** "Top-5 accuracy 97.41%. Calibration error 1.20% (6.10% before the temperature 1.432)." */
function measuresLine({ top5Accuracy, calibration, temperatureScaling, multiLabel }: Evaluation): string {
  const hamming = multiLabel ? `Hamming loss ${multiLabel.hammingLoss.toFixed(4)}. ` : '';
  const five = top5Accuracy === undefined ? '' : `Top-5 accuracy ${formatPercent(top5Accuracy)}. `;
  const error = formatPercent(calibration.expectedCalibrationError);
  return `${hamming}${five}Calibration error ${error}${temperatureWords(temperatureScaling)}.`;
}

/** "Sets with 95% coverage contain the class of 94.80% of the images (94.35–95.22%), with 1.32 classes on average …", a line for each. */
function setsLines({ predictionSets }: Evaluation): string {
  const lines = (predictionSets?.coverages ?? []).map(
    ({ coverage, covered, interval95, meanSize }) =>
      `Sets with ${formatPercent(coverage, 0)} coverage contain the class of ${formatPercent(covered)} of the images (${formatInterval(interval95)}), ` +
      `with ${formatNumber(meanSize, 3)} ${meanSize === 1 ? 'class' : 'classes'} on average.`,
  );
  const each = (predictionSets?.perClass ?? []).map(
    ({ coverage, covered, meanSize }) =>
      `Kept for each class, ${formatPercent(coverage, 0)}: ${formatPercent(covered)} of the images, with ${formatNumber(meanSize, 3)} ${meanSize === 1 ? 'class' : 'classes'} on average.`,
  );
  return [...lines, ...each].join('\n');
}

/** " (6.10% before the temperature 1.432 was fitted on 5,000 held-out images)", or nothing. */
export function temperatureWords(scaling: TemperatureScaling | undefined): string {
  if (!scaling?.judged) return '';
  const { temperature, judged, validation } = scaling;
  const by = validation ? ` was fitted on ${formatQuantity(validation.images, 'held-out image')}` : '';
  const before = formatPercent(judged.before.expectedCalibrationError);
  return ` (${before} before the temperature ${formatNumber(temperature)}${by})`;
}

/** How people do, beside the model: two lines and a table. */
function peopleLines({ humanBaseline: people }: Evaluation, style: TextStyle): string {
  if (!people) return '';
  const percent = (fraction: number | null) => (fraction === null ? '' : formatPercent(fraction, 1));
  const rows = people.confusions.map(({ trueClass, takenFor, people, model }) => [
    `${trueClass} taken for ${takenFor}`,
    percent(people),
    percent(model),
  ]);
  const [head, ...lines] = aligned([['', 'people', 'model'], ...rows]);
  const fractions = `${formatPercent(people.accuracy)} of single answers are correct, ${formatPercent(people.majorityAccuracy)} by majority vote`;
  return [
    `${style.strong('People')}: ${fractions}`,
    style.faint(head),
    ...lines,
    style.faint(people.source),
  ].join('\n');
}

/**
 * An evaluation as lines for a terminal: headline, other measures, per-class table, most confused pairs, and the human
 * baseline if there is one. No newline at the end.
 */
export function evaluationText(evaluation: Evaluation, options: TextOptions = {}): string {
  const style = options.style ?? PLAIN;
  const head = [
    style.strong(headline(evaluation)),
    ...(evaluation.crossValidation ? [crossValidationText(evaluation.crossValidation, evaluation)] : []),
    measuresLine(evaluation),
    ...(evaluation.predictionSets ? [setsLines(evaluation)] : []),
    ...rejectionLines(evaluation),
    style.faint(viewsLine(evaluation)),
  ];
  const parts = [head.filter((line) => line !== style.faint('')).join('\n'), classTable(evaluation, options)];
  const pairs = confusionLines(evaluation, options);
  if (pairs) parts.push(`${style.strong('Most confused')}\n${pairs}`);
  const people = peopleLines(evaluation, style);
  if (people) parts.push(people);
  if (evaluation.adaptiveViews) parts.push(adaptiveViewsLines(evaluation.adaptiveViews).join('\n'));
  return parts.join('\n\n');
}

/** One line per class, aligned: images, precision, recall, F1; below them the plain means. */
export function classTable(evaluation: Evaluation, options: TextOptions = {}): string {
  const { perClass, macro, multiLabel } = evaluation;
  if (multiLabel) return labelTable(evaluation, multiLabel, options);
  const style = options.style ?? PLAIN;
  const limit = options.classes ?? 30;
  const shown = perClass.length <= limit ? perClass : weakestFirst(perClass).slice(0, limit);
  const head = ['class', 'images', 'precision', 'recall', 'F1'];
  const body = shown.map((row) => [printable(row.class), formatCount(row.support), ...scoreCells(row)]);
  const mean = [
    'mean',
    '',
    formatPercent(macro.precision),
    formatPercent(macro.recall),
    formatPercent(macro.f1),
  ];
  const [first, ...rest] = aligned([head, ...body, mean]);
  const last = rest.pop() ?? '';
  const lines = [style.faint(first), ...rest, style.faint(last)];
  const note = meansNote(perClass);
  if (note) lines.push(style.faint(note));
  if (shown.length < perClass.length) {
    lines.unshift(
      style.faint(`The ${limit} classes with the lowest F1, of ${formatCount(perClass.length)}:`),
    );
  }
  return lines.join('\n');
}

/** One line per label, aligned: images, average precision, precision, recall and F1 from its threshold on. */
function labelTable(
  { macro }: Evaluation,
  { labels, ...means }: MultiLabelEvaluation,
  options: TextOptions,
): string {
  const style = options.style ?? PLAIN;
  const limit = options.classes ?? 30;
  const shown = new Set(
    (labels.length <= limit ? labels : weakestFirst(labels).slice(0, limit)).map((row) => row.class),
  );
  const percent = (value: number | undefined) => (value === undefined ? '–' : formatPercent(value));
  const scores = ({ precision, recall, f1 }: MacroScores) =>
    [precision, recall, f1].map((score) => formatPercent(score));
  const [first, ...rest] = aligned([
    ['label', 'images', 'average precision', 'precision', 'recall', 'F1', 'threshold'],
    ...labels
      .filter((row) => shown.has(row.class))
      .map((row) => [
        printable(row.class),
        formatCount(row.support),
        percent(row.averagePrecision),
        ...scoreCells(row),
        row.threshold.toFixed(3),
      ]),
    ['mean', '', percent(means.meanAveragePrecision), ...scores(macro), ''],
    ['all decisions', '', '', ...scores(means.micro), ''],
  ]);
  const lines = [
    style.faint(first),
    ...rest.slice(0, -2),
    ...rest.slice(-2).map((line) => style.faint(line)),
  ];
  const note = meansNote(labels);
  if (note) lines.push(style.faint(note));
  if (shown.size < labels.length) {
    lines.unshift(style.faint(`The ${limit} labels with the lowest F1, of ${formatCount(labels.length)}:`));
  }
  const { thresholdImages: images } = means;
  lines.push(
    style.faint(
      images === undefined
        ? labels.every(({ threshold }) => threshold === 0.5)
          ? 'Thresholds of 0.5: none were chosen on held-out images.'
          : 'Thresholds are those of the model.'
        : `Thresholds with the highest F1 on ${formatQuantity(images, 'held-out image')}.`,
    ),
  );
  return lines.join('\n');
}

/** Precision, recall and F1; of a class without images a dash. */
export function scoreCells(row: ClassScores): string[] {
  return [row.precision, row.recall, row.f1].map((score) => (isKnown(row) ? formatPercent(score) : '–'));
}

/** "airplane ↔ bird: 143", one line per pair, most often confused first. */
export function confusionLines({ confusions }: Evaluation, { pairs = 10 }: TextOptions = {}): string {
  return confusions
    .slice(0, pairs)
    .map(({ classes: [a, b], count }) => `${printable(a)} ↔ ${printable(b)}: ${formatCount(count)}`)
    .join('\n');
}
