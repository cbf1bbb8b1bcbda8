import { readFile } from 'node:fs/promises';
import {
  type CostEvaluation,
  classRankings,
  evaluateCosts,
  type OperatingPoint,
  type Predictions,
  readCosts,
  type TextStyle,
  thresholdFor,
} from '../../evaluation/index.ts';
import { aligned, formatCount, formatNumber, formatPercent, printable } from '../../format/format.ts';
import { readError } from '../../platform/node/files/read-error.ts';

/** What a model's probabilities are good for in decisions. */
export interface Decisions {
  /** With `--precision`: of each class. */
  readonly thresholds?: readonly {
    readonly class: string;
    readonly averagePrecision?: number;
    readonly rocAuc?: number;
    /** Absent where no threshold keeps the precision. */
    readonly at?: OperatingPoint;
  }[];
  readonly precision?: number;
  /** With `--cost`. */
  readonly costs?: CostEvaluation;
}

/** Costs by true class and answer. @throws HarrierError as `readCosts`, and when the file cannot be read */
export async function costsOf(
  file: string | undefined,
  classNames: readonly string[],
): Promise<number[][] | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error) => {
    throw readError(error, file, 'file');
  });
  return readCosts(text, classNames, file);
}

export function decisionsOf(
  predictions: Predictions,
  precision: number | undefined,
  costs: number[][] | undefined,
): Decisions {
  return {
    ...(precision !== undefined && {
      precision,
      thresholds: classRankings(predictions).map((ranking) => {
        const { averagePrecision, rocAuc } = ranking;
        return { class: ranking.class, averagePrecision, rocAuc, at: thresholdFor(ranking, precision) };
      }),
    }),
    ...(costs && { costs: evaluateCosts(predictions, costs) }),
  };
}

/** The same for a terminal. */
export function decisionsText({ thresholds, precision, costs }: Decisions, style: TextStyle): string[] {
  const lines: string[] = [];
  if (thresholds && precision !== undefined) {
    const percent = (value: number | undefined) => (value === undefined ? '–' : formatPercent(value));
    const [head, ...rows] = aligned([
      ['class', 'from probability', 'precision', 'recall', 'average precision', 'ROC area'],
      ...thresholds.map(({ class: name, averagePrecision, rocAuc, at }) => [
        printable(name),
        at ? formatNumber(at.threshold, 9) : 'none keeps it',
        percent(at?.precision),
        percent(at?.recall),
        averagePrecision === undefined ? '–' : averagePrecision.toFixed(4),
        rocAuc === undefined ? '–' : rocAuc.toFixed(4),
      ]),
    ]);
    lines.push(
      '',
      style.strong(`Thresholds for a precision of ${formatPercent(precision, 1)}`),
      style.faint(head),
      ...rows,
      style.faint('Chosen on these images: measure a threshold on others before you rely on it.'),
    );
  }
  if (costs) {
    lines.push(
      '',
      style.strong('Mean cost of an image'),
      `${formatNumber(costs.mostProbable)} with the most probable class, ${formatNumber(costs.leastExpected)} with the class of least expected cost (another answer for ${formatCount(costs.changed)} of ${formatCount(costs.images)})`,
    );
  }
  return lines;
}
