import { badOption, checkKeys, checkNumber } from '../options/values.ts';
import { checkSteps, type Schedule, type Steps, share, stepsIn, WHOLE_RUN } from './schedule.ts';

/** Options of `oneCycle`. */
export interface OneCycleOptions {
  /** The highest rate. */
  maximumLearningRate: number;
  /** Default: the whole run. */
  totalSteps?: Steps;
  /** The part of the steps in which the rate rises. Default 0.3. */
  warmupFraction?: number;
  /** The first rate is maximumLearningRate / initialDivisor. Default 25. */
  initialDivisor?: number;
  /** The last rate is the first / finalDivisor. Default 10,000. */
  finalDivisor?: number;
  /** Shape of rise and fall. Default `cosine`. */
  annealing?: 'cosine' | 'linear';
}

/**
 * Rises to maximumLearningRate and falls to almost zero (Smith: "A disciplined approach to neural network
 * hyper-parameters", 2018). Two phases, endpoints and defaults as in PyTorch's `OneCycleLR`: the first step has the
 * first rate, the last step the last. The momentum does not change.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const where = 'oneCycle';
  checkKeys(where, options, [
    'maximumLearningRate',
    'totalSteps',
    'warmupFraction',
    'initialDivisor',
    'finalDivisor',
    'annealing',
  ]);
  const { maximumLearningRate, totalSteps = WHOLE_RUN, warmupFraction = 0.3 } = options;
  const { initialDivisor = 25, finalDivisor = 10_000, annealing = 'cosine' } = options;
  checkNumber(where, 'maximumLearningRate', maximumLearningRate, { atLeast: 0 });
  checkSteps(where, 'totalSteps', totalSteps);
  checkNumber(where, 'warmupFraction', warmupFraction, { above: 0, below: 1 });
  checkNumber(where, 'initialDivisor', initialDivisor, { atLeast: 1 });
  checkNumber(where, 'finalDivisor', finalDivisor, { atLeast: 1 });
  if (annealing !== 'cosine' && annealing !== 'linear') {
    throw badOption(where, 'annealing', '"cosine" or "linear"', annealing);
  }
  const first = maximumLearningRate / initialDivisor;
  const final = first / finalDivisor;
  const between = (from: number, to: number, done: number): number =>
    from + (to - from) * (annealing === 'linear' ? done : 0.5 * (1 - Math.cos(Math.PI * done)));
  return {
    config: {
      name: where,
      maximumLearningRate,
      totalSteps,
      warmupFraction,
      initialDivisor,
      finalDivisor,
      annealing,
    },
    at(step, run) {
      const total = stepsIn(where, totalSteps, run);
      const peak = Math.max(0, warmupFraction * total - 1);
      if (step < peak) return between(first, maximumLearningRate, step / peak);
      return between(maximumLearningRate, final, step === peak ? 0 : share(step - peak, total - 1 - peak));
    },
  };
}
