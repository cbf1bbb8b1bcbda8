import { HarrierError } from '../errors.ts';
import { type Predictions, predictedClass } from './predictions.ts';

/** What a model said about one image, in short. */
export interface PredictionRow {
  /** Index of the true class. */
  readonly label: number;
  /** Index of the class that it took the image for. */
  readonly predicted: number;
  /** Of that class. */
  readonly probability: number;
}

const HEADER = 'image,label,predicted,probability';

/** One line per image: its number, the indices of its true and its predicted class, and the latter's probability. */
export function predictionsToCsv({ probabilities, labels, classNames }: Predictions): string {
  const lines = [HEADER];
  for (let image = 0; image < labels.length; image++) {
    const predicted = predictedClass(probabilities, classNames.length, image);
    const probability = probabilities[image * classNames.length + predicted];
    lines.push(`${image},${labels[image]},${predicted},${Number(probability.toPrecision(4))}`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Reads what `predictionsToCsv` wrote.
 * @throws HarrierError `bad-checkpoint` when a line is no prediction
 */
export function predictionsFromCsv(text: string, where = 'predictions.csv'): PredictionRow[] {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  if (header !== HEADER) {
    throw new HarrierError('bad-checkpoint', 'these are no predictions', {
      where,
      expected: HEADER,
      received: header,
    });
  }
  return lines.map((line, i) => {
    const [image, label, predicted, probability] = line.split(',').map(Number);
    const fits = image === i && Number.isInteger(label) && Number.isInteger(predicted);
    if (fits && Number.isFinite(probability)) return { label, predicted, probability };
    throw new HarrierError('bad-checkpoint', 'this line is no prediction', {
      where: `${where}, line ${i + 2}`,
      received: line,
    });
  });
}
