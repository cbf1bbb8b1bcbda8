import { badOption, checkNumber } from '../../options/values.ts';
import type { Callback } from './callback.ts';

/**
 * Sets the learning rate at the beginning of each epoch, as Keras's `LearningRateScheduler`. For a rate that depends
 * on the step alone, use a schedule of the optimizer: `cosineDecay`, `oneCycle` and others.
 *
 * @throws HarrierError `bad-option`; in training, when a rate is not a number of at least 0, or the optimizer follows
 *   a schedule
 */
export class LearningRateScheduler implements Callback {
  readonly #schedule: (epoch: number, learningRate: number) => number;

  /** @param schedule gives the epoch's rate from its number, from 1 (Keras counts from 0), and the rate so far */
  constructor(schedule: (epoch: number, learningRate: number) => number) {
    if (typeof schedule !== 'function') {
      throw badOption(
        'LearningRateScheduler',
        'schedule',
        'a function (epoch, learningRate) => rate',
        schedule,
      );
    }
    this.#schedule = schedule;
  }

  onEpochBegin(...[epoch, training]: Parameters<NonNullable<Callback['onEpochBegin']>>): void {
    const rate = this.#schedule(epoch, training.learningRate);
    training.learningRate = checkNumber('LearningRateScheduler', 'learning rate', rate, { atLeast: 0 });
  }
}
