import { HarrierError } from '../errors.ts';
import { csvCell, csvCells } from '../format/csv.ts';
import { printable } from '../format/format.ts';
import { isGiven } from './multi-label.ts';
import { type Predictions, predictedClass } from './predictions.ts';

/** The prediction for one image, in short. */
export interface PredictionRow {
  /** Index of the true class. */
  readonly label: number;
  /** Index of the class that it took the image for. */
  readonly predicted: number;
  /** Of that class. */
  readonly probability: number;
  /** The name of the image, where the data has names. */
  readonly file?: string;
  /** Images with the same number belong together; absent where no image does to another. */
  readonly group?: number;
}

/** The labels predicted for one image that has any number of them. */
export interface LabelPredictionRow {
  /** Its labels in class order, with semicolons between. */
  readonly labels: string;
  /** Those that it is given. */
  readonly predictedLabels: string;
  /** The name of the image, where the data has names. */
  readonly file?: string;
  /** Images with the same number belong together; absent where no image does to another. */
  readonly group?: number;
}

/** What every version wrote; more columns follow. */
const HEADER = 'image,label,predicted,probability';
const LABELS_HEADER = 'image,file,labels,predicted_labels';
/** Of more classes, their probabilities would make the file too large to open. */
const MOST_CLASSES = 100;

/**
 * Predictions as CSV, one line for each image: its number, the indices of its true and predicted class, the
 * probability of the predicted class, its file, both class names, and the probability of every class (of up to 100). Of images
 * with any number of labels: number, file, labels, predicted labels, and the probabilities.
 *
 * @param files name of each image; without them the column is empty
 * @param folds of a cross-validation, the fold that held each image out, from 1: one more column, as is the group of each
 *   image where some belong together
 */
export function predictionsToCsv(
  predictions: Predictions,
  files: readonly string[] = [],
  folds?: readonly number[],
): string {
  const { probabilities, labels, classNames } = predictions;
  if (predictions.tags) return labelsToCsv(predictions, predictions.tags, files, folds);
  const classes = classNames.length;
  const named = classes <= MOST_CLASSES ? classNames : [];
  const groups = groupsOf(predictions);
  const header = [
    HEADER,
    'file,class,predicted_class',
    ...(folds ? ['fold'] : []),
    ...(groups ? ['group'] : []),
    ...named.map((name) => cell(`probability of ${name}`)),
  ];
  const lines = [header.join(',')];
  for (let image = 0; image < labels.length; image++) {
    const predicted = predictedClass(probabilities, classes, image);
    const own = probabilities.subarray(image * classes, (image + 1) * classes);
    lines.push(
      [
        image,
        labels[image],
        predicted,
        number(own[predicted]),
        cell(files[image] ?? ''),
        cell(classNames[labels[image]]),
        cell(classNames[predicted]),
        ...(folds ? [folds[image]] : []),
        ...(groups ? [groups[image]] : []),
        ...named.map((_, i) => number(own[i])),
      ].join(','),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Numbers of groups, where one has several images. */
function groupsOf({ groups }: Predictions): ArrayLike<number> | undefined {
  return groups && new Set(Array.from(groups)).size < groups.length ? groups : undefined;
}

const cell = (text: string) => csvCell(printable(text));
const number = (value: number) => Number(value.toPrecision(4));

/** Of images with any number of labels: their labels and those that they are given, with semicolons between. */
function labelsToCsv(
  predictions: Predictions,
  tags: Uint8Array,
  files: readonly string[],
  folds: readonly number[] | undefined,
): string {
  const { probabilities, labels: images, classNames } = predictions;
  const classes = classNames.length;
  const named = classes <= MOST_CLASSES ? classNames : [];
  const groups = groupsOf(predictions);
  const listed = (has: (label: number) => boolean) =>
    cell(classNames.filter((_, label) => has(label)).join(';'));
  const lines = [
    [
      LABELS_HEADER,
      ...(folds ? ['fold'] : []),
      ...(groups ? ['group'] : []),
      ...named.map((name) => cell(`probability of ${name}`)),
    ].join(','),
  ];
  for (let image = 0; image < images.length; image++) {
    lines.push(
      [
        image,
        cell(files[image] ?? ''),
        listed((label) => tags[image * classes + label] === 1),
        listed((label) => isGiven(predictions, image, label)),
        ...(folds ? [folds[image]] : []),
        ...(groups ? [groups[image]] : []),
        ...named.map((_, label) => number(probabilities[image * classes + label])),
      ].join(','),
    );
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Reads the text that this or an older version of `predictionsToCsv` wrote of images with one class each.
 * @throws HarrierError `bad-checkpoint` when a line is not a prediction
 */
export function predictionsFromCsv(text: string, where = 'predictions.csv'): PredictionRow[] {
  return rowsOf(text, HEADER, where, (cell) => {
    const [label, predicted, probability] = ['label', 'predicted', 'probability'].map((name) =>
      Number(cell(name)),
    );
    const fits = Number.isInteger(label) && Number.isInteger(predicted) && Number.isFinite(probability);
    return fits ? { label, predicted, probability, ...whichImage(cell) } : undefined;
  });
}

/**
 * Reads the text that `predictionsToCsv` wrote of images with any number of labels.
 * @throws HarrierError `bad-checkpoint` when a line is not a prediction
 */
export function labelPredictionsFromCsv(text: string, where = 'predictions.csv'): LabelPredictionRow[] {
  return rowsOf(text, LABELS_HEADER, where, (cell) => {
    const [labels, predictedLabels] = [cell('labels'), cell('predicted_labels')];
    if (labels === undefined || predictedLabels === undefined) return undefined;
    return { labels, predictedLabels, ...whichImage(cell) };
  });
}

/** What a line says of its image, in versions that wrote it. */
function whichImage(cell: (column: string) => string | undefined): Pick<PredictionRow, 'file' | 'group'> {
  const [file, group] = [cell('file'), cell('group')];
  return { ...(file && { file }), ...(group && { group: Number(group) }) };
}

/** @param read what a line says, by its cells' columns; undefined where it is no prediction */
function rowsOf<Row>(
  text: string,
  expected: string,
  where: string,
  read: (cell: (column: string) => string | undefined) => Row | undefined,
): Row[] {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  if (header !== expected && !header.startsWith(`${expected},`)) {
    throw new HarrierError('bad-checkpoint', 'this file holds no predictions', {
      where,
      expected,
      received: header,
    });
  }
  const columns = new Map(csvCells(header).map((name, place) => [name, place]));
  return lines.map((line, i) => {
    const cells = csvCells(line);
    const row = cells[0] === `${i}` ? read((column) => cells[columns.get(column) ?? -1]) : undefined;
    if (row) return row;
    throw new HarrierError('bad-checkpoint', 'this line is not a prediction', {
      where: `${where}, line ${i + 2}`,
      received: line,
    });
  });
}
