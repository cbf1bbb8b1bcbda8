import { unknownName } from '../errors.ts';
import { badOption, checkKeys, checkNumber } from '../options/values.ts';
import {
  constantLearningRate,
  cosineDecay,
  exponentialDecay,
  piecewiseConstantDecay,
  polynomialDecay,
} from './decays.ts';
import { oneCycle } from './one-cycle.ts';
import { checkSteps, type Schedule, type ScheduleConfig, type Steps, stepsIn } from './schedule.ts';

/** Options of `linearWarmup`. */
export interface LinearWarmupOptions {
  /** Steps in which the rate rises from 0. */
  warmupSteps: Steps;
  /** Default 0. */
  initialLearningRate?: number;
  /** What follows. Its step 0 is the first after the warm-up, and its fractions are fractions of what is left. */
  schedule: number | Schedule | ScheduleConfig;
}

/** Rises linearly from initialLearningRate to another schedule's first rate, then follows that schedule. */
export function linearWarmup(options: LinearWarmupOptions): Schedule {
  const where = 'linearWarmup';
  checkKeys(where, options, ['warmupSteps', 'initialLearningRate', 'schedule']);
  const { warmupSteps, initialLearningRate = 0, schedule } = options;
  checkSteps(where, 'warmupSteps', warmupSteps, 0);
  checkNumber(where, 'initialLearningRate', initialLearningRate, { atLeast: 0 });
  const then = scheduleFrom(schedule);
  return {
    config: { name: where, warmupSteps, initialLearningRate, schedule: then.config },
    at(step, run) {
      const warmup = stepsIn(where, warmupSteps, run);
      const rest = run && { ...run, steps: Math.max(0, run.steps - warmup) };
      if (step >= warmup) return then.at(step - warmup, rest);
      return initialLearningRate + (then.at(0, rest) - initialLearningRate) * (step / warmup);
    },
  };
}

const SCHEDULES: ReadonlyMap<string, (options: never) => Schedule> = new Map<
  string,
  (options: never) => Schedule
>([
  ['constant', constantLearningRate],
  ['piecewiseConstantDecay', piecewiseConstantDecay],
  ['exponentialDecay', exponentialDecay],
  ['polynomialDecay', polynomialDecay],
  ['cosineDecay', cosineDecay],
  ['oneCycle', oneCycle],
  ['linearWarmup', linearWarmup],
]);

/** The names of all schedules. */
export const scheduleNames: readonly string[] = [...SCHEDULES.keys()];

/**
 * A schedule from its configuration, `{ name, …options }`. A number is a constant learning rate; a schedule is itself.
 *
 * @throws HarrierError `bad-option` for an unknown name, an unknown option or a value that makes no sense
 */
export function scheduleFrom(config: number | Schedule | ScheduleConfig): Schedule {
  if (typeof config === 'number') return constantLearningRate({ learningRate: config });
  if (typeof config !== 'object' || config === null) {
    throw badOption('learning rate', 'schedule', 'a number, a schedule or its configuration', config);
  }
  if ('at' in config && typeof config.at === 'function') return config as Schedule;
  const { name, ...options } = config as ScheduleConfig;
  const make = SCHEDULES.get(name);
  if (!make) throw unknownName('learning-rate schedule', String(name), scheduleNames);
  return make(options as never);
}
