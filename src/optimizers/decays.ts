import { badOption, checkBoolean, checkKeys, checkNumber } from '../options/values.ts';
import { checkSteps, type Schedule, type Steps, share, stepsIn, WHOLE_RUN } from './schedule.ts';

/** Options of `constantLearningRate`. */
export interface ConstantOptions {
  /** The rate of every step. */
  learningRate: number;
}

/** Always the same learning rate. */
export function constantLearningRate(options: ConstantOptions): Schedule {
  const where = 'constant';
  checkKeys(where, options, ['learningRate']);
  const learningRate = checkNumber(where, 'learningRate', options.learningRate, { atLeast: 0 });
  return { config: { name: where, learningRate }, at: () => learningRate };
}

/** Options of `piecewiseConstantDecay`. */
export interface PiecewiseConstantDecayOptions {
  /** Ascending. */
  boundaries: readonly Steps[];
  /** One more than boundaries: the rate up to and at the first, after it up to the second, and so on. */
  values: readonly number[];
}

/** A step schedule, as Keras's `PiecewiseConstantDecay`. */
export function piecewiseConstantDecay(options: PiecewiseConstantDecayOptions): Schedule {
  const where = 'piecewiseConstantDecay';
  checkKeys(where, options, ['boundaries', 'values']);
  const { boundaries, values } = options;
  if (!Array.isArray(boundaries)) throw badOption(where, 'boundaries', 'a list of steps', boundaries);
  if (!Array.isArray(values)) throw badOption(where, 'values', 'a list of learning rates', values);
  boundaries.forEach((boundary, i) => {
    checkSteps(where, `boundaries[${i}]`, boundary);
    const before = boundaries[i - 1];
    if (typeof boundary === 'number' && typeof before === 'number' && boundary <= before) {
      throw badOption(where, 'boundaries', 'ascending numbers of steps', boundaries);
    }
  });
  values.forEach((value, i) => {
    checkNumber(where, `values[${i}]`, value, { atLeast: 0 });
  });
  if (values.length !== boundaries.length + 1) {
    throw badOption(
      where,
      'values',
      `${boundaries.length + 1} learning rates, one more than boundaries`,
      values,
    );
  }
  return {
    config: { name: where, boundaries, values },
    at(step, run) {
      const index = boundaries.findIndex((boundary) => step <= stepsIn(where, boundary, run));
      return values.at(index) as number;
    },
  };
}

/** Options of `exponentialDecay`. */
export interface ExponentialDecayOptions {
  /** The rate of the first step. */
  initialLearningRate: number;
  /** Steps in which the rate is multiplied by `decayRate` once. */
  decaySteps: Steps;
  /** Factor for each `decaySteps`, above 0. */
  decayRate: number;
  /** Decays in leaps, every `decaySteps`. Default false. */
  staircase?: boolean;
}

/** initialLearningRate · decayRate^(step / decaySteps), as Keras's `ExponentialDecay`. */
export function exponentialDecay(options: ExponentialDecayOptions): Schedule {
  const where = 'exponentialDecay';
  checkKeys(where, options, ['initialLearningRate', 'decaySteps', 'decayRate', 'staircase']);
  const { initialLearningRate, decaySteps, decayRate, staircase = false } = options;
  checkNumber(where, 'initialLearningRate', initialLearningRate, { atLeast: 0 });
  checkSteps(where, 'decaySteps', decaySteps);
  checkNumber(where, 'decayRate', decayRate, { above: 0 });
  checkBoolean(where, 'staircase', staircase);
  return {
    config: { name: where, initialLearningRate, decaySteps, decayRate, staircase },
    at(step, run) {
      const times = step / Math.max(1, stepsIn(where, decaySteps, run));
      return initialLearningRate * decayRate ** (staircase ? Math.floor(times) : times);
    },
  };
}

/** Options of `polynomialDecay`. */
export interface PolynomialDecayOptions {
  /** The rate of the first step. */
  initialLearningRate: number;
  /** Default: the whole run. */
  decaySteps?: Steps;
  /** Default 0.0001. */
  endLearningRate?: number;
  /** 1, the default, decays linearly. */
  power?: number;
}

/** From initialLearningRate to endLearningRate along (1 − step / decaySteps)^power, as Keras's `PolynomialDecay`. */
export function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  const where = 'polynomialDecay';
  checkKeys(where, options, ['initialLearningRate', 'decaySteps', 'endLearningRate', 'power']);
  const { initialLearningRate, decaySteps = WHOLE_RUN, endLearningRate = 0.0001, power = 1 } = options;
  checkNumber(where, 'initialLearningRate', initialLearningRate, { atLeast: 0 });
  checkSteps(where, 'decaySteps', decaySteps);
  checkNumber(where, 'endLearningRate', endLearningRate, { atLeast: 0 });
  checkNumber(where, 'power', power, { above: 0 });
  return {
    config: { name: where, initialLearningRate, decaySteps, endLearningRate, power },
    at(step, run) {
      const rest = 1 - share(step, stepsIn(where, decaySteps, run));
      return (initialLearningRate - endLearningRate) * rest ** power + endLearningRate;
    },
  };
}

/** Options of `cosineDecay`. */
export interface CosineDecayOptions {
  /** The rate of the first step. */
  initialLearningRate: number;
  /** After the warm-up. A fraction is one of the steps after it. Default: all of them. */
  decaySteps?: Steps;
  /** The lowest rate, as a fraction of the highest. Default 0. */
  alpha?: number;
  /** Warms up linearly from initialLearningRate to this, if given, and decays from it. */
  warmupTarget?: number;
  /** Default 0. */
  warmupSteps?: Steps;
}

/** Half a cosine wave down, after a linear warm-up if one is given, as Keras's `CosineDecay` (Loshchilov, Hutter 2017). */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const where = 'cosineDecay';
  checkKeys(where, options, ['initialLearningRate', 'decaySteps', 'alpha', 'warmupTarget', 'warmupSteps']);
  const { initialLearningRate, decaySteps = WHOLE_RUN, alpha = 0, warmupTarget, warmupSteps = 0 } = options;
  checkNumber(where, 'initialLearningRate', initialLearningRate, { atLeast: 0 });
  checkSteps(where, 'decaySteps', decaySteps);
  checkNumber(where, 'alpha', alpha, { atLeast: 0, atMost: 1 });
  checkSteps(where, 'warmupSteps', warmupSteps, 0);
  if (warmupTarget !== undefined) checkNumber(where, 'warmupTarget', warmupTarget, { atLeast: 0 });
  else if (warmupSteps !== 0)
    throw badOption(where, 'warmupTarget', 'a learning rate to warm up to', warmupTarget);
  const warm = warmupTarget === undefined ? {} : { warmupTarget, warmupSteps };
  return {
    config: { name: where, initialLearningRate, decaySteps, alpha, ...warm },
    at(step, run) {
      const warmup = stepsIn(where, warmupSteps, run);
      const highest = warmupTarget ?? initialLearningRate;
      if (step < warmup) return initialLearningRate + (highest - initialLearningRate) * (step / warmup);
      const done = share(step - warmup, stepsIn(where, decaySteps, run, warmup));
      return highest * ((1 - alpha) * 0.5 * (1 + Math.cos(Math.PI * done)) + alpha);
    },
  };
}
