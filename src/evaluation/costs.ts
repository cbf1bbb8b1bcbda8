import { HarrierError } from '../errors.ts';
import { csvCells } from '../format/csv.ts';
import { withoutByteOrderMark } from '../utf8.ts';
import { checkPredictions, type Predictions, predictedClass } from './predictions.ts';

/** What decisions cost on labelled images. */
export interface CostEvaluation {
  readonly images: number;
  /** Mean cost of an image where the most probable class is taken. */
  readonly mostProbable: number;
  /** Mean cost where the class with the least expected cost is taken. */
  readonly leastExpected: number;
  /** Images for which the two differ. */
  readonly changed: number;
}

/**
 * Reads a table of costs: a first line of the classes that are answered, then for each true class a line of its name
 * and what each answer costs.
 *
 * ```
 * ,ant,bee
 * ant,0,1
 * bee,20,0
 * ```
 *
 * Cells are separated by commas, semicolons or tabs. Without commas between them, a cost may have one: `1,5` is 1.5.
 *
 * @returns costs by true class and answer, in the order of `classNames`
 * @throws HarrierError `bad-data` for another form, or classes that are missing or unknown
 */
export function readCosts(text: string, classNames: readonly string[], where: string): number[][] {
  const texts = withoutByteOrderMark(text)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  // What comes after the first cell: names of classes may hold the others.
  const separator = /[,;\t]/.exec((texts[0] ?? '').replace(/"[^"]*"/g, ''))?.[0];
  const lines = texts.map((line) => csvCells(line, separator).map((cell) => cell.trim()));
  const places = (names: readonly string[], of: string) =>
    classNames.map((name) => {
      const found = names.flatMap((each, i) => (each.normalize('NFC') === name.normalize('NFC') ? [i] : []));
      if (found.length === 1) return found[0];
      throw new HarrierError('bad-data', `the class "${name}" must be ${of} once`, {
        where,
        received: found.length === 0 ? 'not at all' : `${found.length} times`,
        next: 'Write the classes in the first line, and again as the first cell of a line each.',
      });
    });
  const [head = [], ...rows] = lines;
  const columns = places(head.slice(1), 'in the first line');
  const order = places(
    rows.map(([name = '']) => name),
    'the first cell of a line',
  );
  const stranger = [...head.slice(1), ...rows.map(([name]) => name)].find(
    (name) => !classNames.some((own) => own.normalize('NFC') === name?.normalize('NFC')),
  );
  if (stranger !== undefined) {
    throw new HarrierError('bad-data', 'this is no class of the model', {
      where,
      expected: classNames.join(', '),
      received: `"${stranger}"`,
    });
  }
  return order.map((row, label) =>
    columns.map((column, answer) => {
      const cell = rows[row][column + 1]?.trim() ?? '';
      const number = separator === ',' ? cell : cell.replace(/^([+-]?\d+),(\d+)$/, '$1.$2');
      const cost = number === '' ? Number.NaN : Number(number);
      if (Number.isFinite(cost)) return cost;
      throw new HarrierError('bad-data', 'a cost cannot be read', {
        where: `${where}, ${classNames[label]} answered as ${classNames[answer]}`,
        expected: 'a number',
        received: `"${cell}"`,
      });
    }),
  );
}

/** The class with the least expected cost: for these probabilities, by the costs of each true class and answer. */
export function leastExpectedCost(
  probabilities: ArrayLike<number>,
  costs: readonly (readonly number[])[],
): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let answer = 0; answer < probabilities.length; answer++) {
    let expected = 0;
    for (let label = 0; label < probabilities.length; label++) {
      expected += probabilities[label] * costs[label][answer];
    }
    if (expected < least) [best, least] = [answer, expected];
  }
  return best;
}

/**
 * What answers cost on labelled images: the most probable class, and the one with the least expected cost, which for a
 * calibrated model is the best decision (C. Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001).
 */
export function evaluateCosts(
  predictions: Predictions,
  costs: readonly (readonly number[])[],
): CostEvaluation {
  checkPredictions(predictions);
  const { probabilities, labels, classNames } = predictions;
  const classes = classNames.length;
  let [first, second, changed] = [0, 0, 0];
  for (let image = 0; image < labels.length; image++) {
    const probable = predictedClass(probabilities, classes, image);
    const cheapest = leastExpectedCost(probabilities.subarray(image * classes, (image + 1) * classes), costs);
    first += costs[labels[image]][probable];
    second += costs[labels[image]][cheapest];
    changed += Number(probable !== cheapest);
  }
  const images = labels.length;
  return { images, mostProbable: first / images, leastExpected: second / images, changed };
}
