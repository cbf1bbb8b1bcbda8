import { HarrierError } from '../errors.ts';
import { withoutByteOrderMark } from '../utf8.ts';

/** The figures of one epoch. Accuracies are from 0 to 1. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Mean training loss over the epoch, in nats. */
  readonly loss: number;
  /** Running training accuracy over the epoch. */
  readonly accuracy: number;
  /** Mean cross-entropy on the validation images, at the temperature that suits them best if the model will be calibrated. */
  readonly validationLoss?: number;
  /** Fraction of the validation images classified correctly. */
  readonly validationAccuracy?: number;
  /** At the end of the epoch. */
  readonly learningRate?: number;
  /** Wall time of the epoch. */
  readonly seconds?: number;
}

/** One record per epoch, in order; `history.csv` in a run folder. */
export type History = readonly EpochRecord[];

const COLUMNS = [
  ['epoch', 'epoch'],
  ['loss', 'loss'],
  ['accuracy', 'accuracy'],
  ['validation_loss', 'validationLoss'],
  ['validation_accuracy', 'validationAccuracy'],
  ['learning_rate', 'learningRate'],
  ['seconds', 'seconds'],
] as const satisfies readonly (readonly [string, keyof EpochRecord])[];

const REQUIRED: readonly string[] = ['epoch', 'loss', 'accuracy'];

/** History as CSV with a header line. Absent values are empty cells; numbers survive the way back exactly. */
export function historyToCsv(history: History): string {
  const lines = [COLUMNS.map(([column]) => column).join(',')];
  for (const record of history) lines.push(COLUMNS.map(([, key]) => record[key] ?? '').join(','));
  return `${lines.join('\n')}\n`;
}

/**
 * Reads the text that `historyToCsv` wrote. Columns may be in any order, and unknown ones are ignored, so that files
 * of other versions and of spreadsheets can be read.
 *
 * @param where name of the file in errors
 * @throws HarrierError `bad-checkpoint` when a required column is missing or a cell is not a number
 */
export function historyFromCsv(text: string, where = 'history.csv'): EpochRecord[] {
  const [header = '', ...lines] = withoutByteOrderMark(text).split(/\r?\n/);
  const names = header.split(',').map((name) => name.trim());
  for (const name of REQUIRED) {
    if (!names.includes(name)) {
      throw new HarrierError('bad-checkpoint', `the column "${name}" is missing`, {
        where,
        received: header,
      });
    }
  }
  const records: EpochRecord[] = [];
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const cells = line.split(',');
    if (cells.length !== names.length) {
      throw new HarrierError('bad-checkpoint', 'a line does not fit the header', {
        where: `${where}, line ${i + 2}`,
        expected: `${names.length} cells`,
        received: `${cells.length}`,
      });
    }
    const record: Record<string, number> = {};
    for (const [column, key] of COLUMNS) {
      const cell = cells[names.indexOf(column)]?.trim() ?? '';
      const value = Number(cell);
      const missing = cell === '';
      if (missing && !REQUIRED.includes(column)) continue;
      if (missing || (Number.isNaN(value) && cell !== 'NaN')) {
        throw new HarrierError('bad-checkpoint', `"${column}" is no number`, {
          where: `${where}, line ${i + 2}`,
          received: `"${cell}"`,
        });
      }
      record[key] = value;
    }
    records.push(record as unknown as EpochRecord);
  });
  return records;
}
