import { checkKeys, checkNumber } from '../../options/values.ts';
import type { Callback } from './callback.ts';
import { type MonitorOptions, monitorOf } from './monitor.ts';

/** Options of `ReduceLROnPlateau`; defaults are Keras's. */
export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied by, above 0 and below 1. Default 0.1. */
  readonly factor?: number;
  /** Epochs without improvement after which the rate falls. Default 10. */
  readonly patience?: number;
  /** An improvement is more than this. Default 0.0001. */
  readonly minDelta?: number;
  /** Epochs after a fall in which nothing is counted. Default 0. */
  readonly cooldown?: number;
  /** The rate does not fall below it. Default 0. */
  readonly minLearningRate?: number;
}

/**
 * Lowers the learning rate when a figure no longer gets better, as Keras's `ReduceLROnPlateau`.
 * @throws HarrierError `bad-option`; in training, when the optimizer follows a schedule
 */
export class ReduceLROnPlateau implements Callback {
  readonly #options: Required<Omit<ReduceLROnPlateauOptions, 'monitor' | 'mode'>>;
  readonly #monitor: ReturnType<typeof monitorOf>;
  #best = 0;
  #waited = 0;
  #cooling = 0;

  constructor(options: ReduceLROnPlateauOptions = {}) {
    const where = 'ReduceLROnPlateau';
    checkKeys(where, options, [
      'monitor',
      'mode',
      'factor',
      'patience',
      'minDelta',
      'cooldown',
      'minLearningRate',
    ]);
    const { factor = 0.1, patience = 10, minDelta = 1e-4, cooldown = 0, minLearningRate = 0 } = options;
    this.#monitor = monitorOf(where, options);
    checkNumber(where, 'factor', factor, { above: 0, below: 1 });
    checkNumber(where, 'patience', patience, { atLeast: 0, whole: true });
    checkNumber(where, 'minDelta', minDelta, { atLeast: 0 });
    checkNumber(where, 'cooldown', cooldown, { atLeast: 0, whole: true });
    checkNumber(where, 'minLearningRate', minLearningRate, { atLeast: 0 });
    this.#options = { factor, patience, minDelta, cooldown, minLearningRate };
  }

  onTrainBegin(): void {
    this.#best = this.#monitor.worst;
    this.#waited = 0;
    this.#cooling = 0;
  }

  onEpochEnd(...[record, training]: Parameters<NonNullable<Callback['onEpochEnd']>>): void {
    const { factor, patience, minDelta, cooldown, minLearningRate } = this.#options;
    const value = this.#monitor.read(record);
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#waited = 0;
    }
    if (this.#monitor.better(value, this.#best, minDelta)) {
      this.#best = value;
      this.#waited = 0;
    } else if (this.#cooling === 0 && ++this.#waited >= patience) {
      if (training.learningRate <= minLearningRate) return;
      training.learningRate = Math.max(training.learningRate * factor, minLearningRate);
      this.#cooling = cooldown;
      this.#waited = 0;
    }
  }
}
