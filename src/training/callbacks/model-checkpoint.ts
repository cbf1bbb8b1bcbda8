import { HarrierError } from '../../errors.ts';
import type { EpochRecord } from '../../evaluation/index.ts';
import { badOption, checkBoolean, checkKeys } from '../../options/values.ts';
import type { Callback } from './callback.ts';
import { type MonitorOptions, monitorOf } from './monitor.ts';

/** Options of `ModelCheckpoint`. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /**
   * Where `model.onnx` goes. `{epoch}` stands for the epoch, `{validationLoss:.2f}` for a figure of it with two decimals,
   * `{epoch:03d}` for three digits. Without them, each epoch's file replaces the one before.
   */
  readonly filepath: string;
  /** Writes only when what is watched is the best so far. Default false: after every epoch. */
  readonly saveBestOnly?: boolean;
}

/**
 * Writes `model.onnx` after epochs, as Keras's `ModelCheckpoint`. The file holds layers and weights. `loadModel`
 * trains it further, with a fresh optimizer. To resume bit for bit, use the command `train --resume`.
 *
 * @throws HarrierError `bad-option`; in training, `not-supported` when the runtime has no files
 */
export class ModelCheckpoint implements Callback {
  readonly #filepath: string;
  readonly #saveBestOnly: boolean;
  readonly #monitor: ReturnType<typeof monitorOf>;
  #best = 0;

  constructor(options: ModelCheckpointOptions) {
    const where = 'ModelCheckpoint';
    checkKeys(where, options, ['filepath', 'monitor', 'mode', 'saveBestOnly']);
    const { filepath, saveBestOnly = false } = options;
    if (typeof filepath !== 'string' || filepath === '') {
      throw badOption(where, 'filepath', 'a path such as "best.onnx"', filepath);
    }
    this.#filepath = filepath;
    this.#saveBestOnly = checkBoolean(where, 'saveBestOnly', saveBestOnly);
    this.#monitor = monitorOf(where, options);
  }

  onTrainBegin(): void {
    this.#best = this.#monitor.worst;
  }

  async onEpochEnd(...[record, training]: Parameters<NonNullable<Callback['onEpochEnd']>>): Promise<void> {
    if (this.#saveBestOnly) {
      const value = this.#monitor.read(record);
      if (!this.#monitor.better(value, this.#best, 0)) return;
      this.#best = value;
    }
    await training.writeFile(named(this.#filepath, record), await training.toOnnx());
  }
}

/** The path of an epoch's file. */
function named(filepath: string, record: EpochRecord): string {
  return filepath.replace(
    /\{(\w+)(?::(?:0?(\d+)d|\.(\d+)f))?\}/g,
    (_, name: string, digits?: string, decimals?: string) => {
      const known: Record<string, string> = {
        val_loss: 'validationLoss',
        val_accuracy: 'validationAccuracy',
      };
      const value = record[(known[name] ?? name) as keyof EpochRecord];
      if (value === undefined) {
        throw new HarrierError('bad-option', `an epoch has no figure "${name}"`, {
          where: `ModelCheckpoint: ${filepath}`,
          next: `There are: ${Object.keys(record).join(', ')}.`,
        });
      }
      if (decimals !== undefined) return value.toFixed(Number(decimals));
      return `${value}`.padStart(Number(digits ?? 0), '0');
    },
  );
}
