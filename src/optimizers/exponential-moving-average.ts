import { defineKernel, type Kernel } from '../kernels/index.ts';
import { checkNumber } from '../options/values.ts';

/**
 * An exponential moving average of weights (Polyak, Juditsky 1992; Keras's `use_ema`): arrays `average` and
 * `parameter`, scalar `fraction`.
 *
 *     average += (parameter − average) · fraction
 *
 * Begin with average = parameter.
 */
export const exponentialMovingAverage: Kernel = defineKernel('exponentialMovingAverage', {
  arrays: ['average', 'parameter'],
  scalars: ['fraction'],
  updates: ({ average, parameter }, { fraction }) => ({
    average: average.plus(parameter.minus(average).times(fraction)),
  }),
});

/**
 * Scalars of {@link exponentialMovingAverage}: fraction = 1 − momentum.
 *
 * @param momentum how much of the average stays at each step, in [0, 1]
 * @throws HarrierError `bad-option`
 */
export function exponentialMovingAverageScalars(momentum: number): { fraction: number } {
  checkNumber('exponential moving average', 'momentum', momentum, { atLeast: 0, atMost: 1 });
  return { fraction: Math.fround(1 - momentum) };
}
