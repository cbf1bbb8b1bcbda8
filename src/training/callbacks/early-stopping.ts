import type { Weights } from '../../models/index.ts';
import { checkBoolean, checkKeys, checkNumber } from '../../options/values.ts';
import type { Callback } from './callback.ts';
import { type MonitorOptions, monitorOf } from './monitor.ts';

/** Options of `EarlyStopping`; names and defaults are Keras's. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement after which training stops. Default 0. */
  readonly patience?: number;
  /** An improvement is more than this. Default 0. */
  readonly minDelta?: number;
  /** Stops as well when this is never reached. Default: none. */
  readonly baseline?: number;
  /** Gives the model the weights of the best epoch of those watched. Default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs that pass before it begins to watch. Default 0. */
  readonly startFromEpoch?: number;
}

/**
 * Stops training when a figure no longer gets better, as Keras's `EarlyStopping`.
 * @throws HarrierError `bad-option`
 */
export class EarlyStopping implements Callback {
  readonly #options: Required<Omit<EarlyStoppingOptions, 'baseline' | 'monitor' | 'mode'>>;
  readonly #baseline: number | undefined;
  readonly #monitor: ReturnType<typeof monitorOf>;
  #best = 0;
  #waited = 0;
  #weights: Weights | undefined;

  constructor(options: EarlyStoppingOptions = {}) {
    const where = 'EarlyStopping';
    checkKeys(where, options, [
      'monitor',
      'mode',
      'patience',
      'minDelta',
      'baseline',
      'restoreBestWeights',
      'startFromEpoch',
    ]);
    const { patience = 0, minDelta = 0, baseline, restoreBestWeights = false, startFromEpoch = 0 } = options;
    this.#monitor = monitorOf(where, options);
    checkNumber(where, 'patience', patience, { atLeast: 0, whole: true });
    checkNumber(where, 'minDelta', minDelta);
    checkNumber(where, 'startFromEpoch', startFromEpoch, { atLeast: 0, whole: true });
    if (baseline !== undefined) checkNumber(where, 'baseline', baseline);
    checkBoolean(where, 'restoreBestWeights', restoreBestWeights);
    this.#options = { patience, minDelta: Math.abs(minDelta), restoreBestWeights, startFromEpoch };
    this.#baseline = baseline;
  }

  onTrainBegin(): void {
    this.#best = this.#monitor.worst;
    this.#waited = 0;
    this.#weights = undefined;
  }

  async onEpochEnd(...[record, training]: Parameters<NonNullable<Callback['onEpochEnd']>>): Promise<void> {
    const { patience, minDelta, restoreBestWeights, startFromEpoch } = this.#options;
    if (record.epoch <= startFromEpoch) return;
    const value = this.#monitor.read(record);
    const improved = this.#monitor.better(value, this.#best, minDelta);
    if (restoreBestWeights && (improved || !this.#weights)) this.#weights = await training.weights();
    this.#waited++;
    if (improved) {
      this.#best = value;
      if (this.#baseline === undefined || this.#monitor.better(value, this.#baseline, minDelta))
        this.#waited = 0;
    } else if (this.#waited >= patience && record.epoch > 1) training.stop();
  }

  onTrainEnd(...[, training]: Parameters<NonNullable<Callback['onTrainEnd']>>): void {
    if (this.#weights) training.restore(this.#weights);
    this.#weights = undefined;
  }
}
