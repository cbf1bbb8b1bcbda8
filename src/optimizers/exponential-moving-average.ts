import { defineKernel, type Kernel } from '../kernels/index.ts';
import { checkNumber } from '../options/values.ts';

/**
 * An exponential moving average of weights (Polyak, Juditsky 1992; Keras's `use_ema`): arrays `average` and
 * `parameter`, scalar `share`.
 *
 *     average += (parameter − average) · share
 *
 * Begin with average = parameter.
 */
export const exponentialMovingAverage: Kernel = defineKernel('exponentialMovingAverage', {
  arrays: ['average', 'parameter'],
  scalars: ['share'],
  updates: ({ average, parameter }, { share }) => ({
    average: average.plus(parameter.minus(average).times(share)),
  }),
});

/**
 * Scalars of {@link exponentialMovingAverage}: share = 1 − momentum.
 *
 * @param momentum how much of the average stays at each step, in [0, 1]
 * @throws HarrierError `bad-option`
 */
export function exponentialMovingAverageScalars(momentum: number): { share: number } {
  checkNumber('exponential moving average', 'momentum', momentum, { atLeast: 0, atMost: 1 });
  return { share: Math.fround(1 - momentum) };
}
