import { type EpochRecord, historyFromCsv, historyToCsv } from '../../evaluation/index.ts';
import { badOption, checkBoolean, checkKeys } from '../../options/values.ts';
import { utf8Decode, utf8Encode } from '../../utf8.ts';
import type { Callback } from './callback.ts';

/** Options of `CSVLogger`. */
export interface CSVLoggerOptions {
  /** Where the table goes. */
  readonly filename: string;
  /** Adds to the epochs that the file holds. Default false: begins anew. */
  readonly append?: boolean;
}

/**
 * Writes a table of all epochs after each epoch, as Keras's `CSVLogger`. The columns are those of a run's
 * `history.csv`, which `historyFromCsv` reads.
 *
 * @throws HarrierError `bad-option`; in training, `not-supported` when the runtime has no files
 */
export class CSVLogger implements Callback {
  readonly #filename: string;
  readonly #append: boolean;
  #records: EpochRecord[] = [];

  constructor(options: CSVLoggerOptions) {
    const where = 'CSVLogger';
    checkKeys(where, options, ['filename', 'append']);
    const { filename, append = false } = options;
    if (typeof filename !== 'string' || filename === '') {
      throw badOption(where, 'filename', 'a path such as "history.csv"', filename);
    }
    this.#filename = filename;
    this.#append = checkBoolean(where, 'append', append);
  }

  async onTrainBegin(...[training]: Parameters<NonNullable<Callback['onTrainBegin']>>): Promise<void> {
    const before = this.#append ? await training.readFile(this.#filename) : undefined;
    this.#records = before ? historyFromCsv(utf8Decode(before), this.#filename) : [];
  }

  async onEpochEnd(...[record, training]: Parameters<NonNullable<Callback['onEpochEnd']>>): Promise<void> {
    this.#records.push(record);
    await training.writeFile(this.#filename, utf8Encode(historyToCsv(this.#records)));
  }
}
