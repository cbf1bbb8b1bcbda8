import type { TextStyle } from '../../evaluation/text.ts';
import { csvCell } from '../../format/csv.ts';
import { formatPercent, printable } from '../../format/format.ts';
import { block } from '../terminal.ts';

export interface Prediction {
  readonly label: string;
  readonly probability: number;
}

/** What a model says about one image. */
export interface Answer {
  /** Most probable first. */
  readonly predictions: readonly Prediction[];
  /** The classes of the image's prediction set, most probable first, where that was asked for. */
  readonly set?: readonly string[];
  /** Of a model that gives images any number of labels: those that reach their thresholds, most probable first. */
  readonly labels?: readonly string[];
  /** Whether the image shows none of the classes, where the model tells. */
  readonly unknown?: boolean;
}

/** What a model says about one file. */
export interface FilePrediction extends Answer {
  readonly file: string;
  /** Why there are none. */
  readonly error?: string;
  /** Of an image that was sorted into a folder: its path there, the SHA-256 of its file, and what told its class. */
  readonly sorted?: string;
  readonly hash?: string;
  readonly model?: string;
}

const BAR = 30;

/** The file's name, and below it each class with its probability in figures and as a bar. */
export function imageText(
  { file, predictions, set, labels, unknown }: FilePrediction,
  style: TextStyle,
): string {
  const names = predictions.map(({ label }) => printable(label));
  const width = Math.max(...names.map((name) => [...name].length));
  const lines = predictions.map(({ probability }, i) => {
    const name = names[i] + ' '.repeat(width - [...names[i]].length);
    const line = `  ${name}  ${formatPercent(probability).padStart(7)}  ${block(probability, BAR)}`.trimEnd();
    return labels && !labels.includes(predictions[i].label)
      ? style.faint(`${line}  (below its threshold)`)
      : line;
  });
  const inSet = set ? [`  set: ${set.map(printable).join(', ')}`] : [];
  const none = unknown ? ['  unknown: none of the classes. The nearest:'] : [];
  const noLabel = labels?.length === 0 ? ['  no label. The nearest:'] : [];
  return [style.strong(printable(file)), ...none, ...noLabel, ...lines, ...inSet].join('\n');
}

/** Which columns a table has. */
export interface Columns {
  /** Classes that are named for each image. */
  readonly top: number;
  readonly sets?: boolean;
  readonly unknown?: boolean;
  /** Where images were sorted to. */
  readonly sorted?: boolean;
  /** All labels of a model that gives images any number of them: in place of the best few, a column for each. */
  readonly labels?: readonly string[];
}

export function csvHeader({ top, sets, unknown, sorted, labels }: Columns): string {
  if (labels) return ['file', 'labels', ...labels.map(csvCell), 'error'].join(',');
  const pairs = Array.from({ length: top }, (_, i) => `label${i + 1},probability${i + 1}`);
  const further = [
    ...(sets ? ['set'] : []),
    ...(unknown ? ['unknown'] : []),
    ...(sorted ? ['sorted', 'sha256', 'model'] : []),
  ];
  return ['file', ...pairs, ...further, 'error'].join(',');
}

/**
 * A set's classes stand in one cell, with semicolons between, as do the labels of an image.
 * A file that could not be read has empty cells, and says why in the last.
 */
export function csvRow(
  { file, predictions, set, labels, unknown, error = '', ...sorted }: FilePrediction,
  columns: Columns,
): string {
  const { top } = columns;
  if (columns.labels) {
    const found = new Map(predictions.map(({ label, probability }) => [label, `${probability}`]));
    const each = columns.labels.map((label) => found.get(label) ?? '');
    return [csvCell(file), csvCell(labels?.join(';') ?? ''), ...each, csvCell(printable(error))].join(',');
  }
  const cells = Array.from({ length: top }, (_, i) => predictions.at(i)).flatMap((prediction) =>
    prediction ? [csvCell(prediction.label), `${prediction.probability}`] : ['', ''],
  );
  const inSet = set ? [csvCell(set.join(';'))] : [];
  return [
    csvCell(file),
    ...cells,
    ...inSet,
    ...(columns.unknown ? [`${unknown ?? ''}`] : []),
    ...(columns.sorted ? [sorted.sorted, sorted.hash, sorted.model].map((text = '') => csvCell(text)) : []),
    csvCell(printable(error)),
  ].join(',');
}
