import { HarrierError } from '../errors.ts';
import { badOption, checkKeys, checkNumber } from '../options/values.ts';

/** A number of steps: as such, as a fraction of the run, or as epochs; the last two are settled when the run is known. */
export type Steps = number | { readonly fraction: number } | { readonly epochs: number };

/** How long a run is, in optimizer steps. */
export interface RunSteps {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps of one epoch. */
  readonly stepsPerEpoch?: number;
}

/** A schedule as plain JSON: its name and its options. */
export interface ScheduleConfig {
  /** Name of the schedule, such as `cosineDecay`. */
  readonly name: string;
  readonly [option: string]: unknown;
}

/** A learning rate as a pure function of the step. */
export interface Schedule {
  /** What `scheduleFrom` makes the same schedule from, defaults included; plain JSON. */
  readonly config: ScheduleConfig;
  /**
   * The learning rate.
   *
   * @param step number of steps taken before this one: 0 at first, as Keras's `iterations`
   * @param run needed by schedules whose steps are given as a fraction of the run or as epochs
   * @throws HarrierError `bad-option` when `run` is needed and absent
   */
  at(step: number, run?: RunSteps): number;
}

/** The whole run, or all that a warm-up leaves of it. */
export const WHOLE_RUN: Steps = { fraction: 1 };

/** Checks a number of steps. */
export function checkSteps(where: string, option: string, value: unknown, atLeast = 1): Steps {
  if (typeof value === 'object' && value !== null) {
    if ('fraction' in value) {
      checkKeys(`${where}: ${option}`, value, ['fraction']);
      checkNumber(where, `${option}.fraction`, value.fraction, { atLeast: 0, atMost: 1 });
      return value as Steps;
    }
    if ('epochs' in value) {
      checkKeys(`${where}: ${option}`, value, ['epochs']);
      checkNumber(where, `${option}.epochs`, value.epochs, { atLeast: 0 });
      return value as Steps;
    }
  }
  if (typeof value !== 'number') {
    throw badOption(where, option, 'a number of steps, { fraction } of the run, or { epochs }', value);
  }
  return checkNumber(where, option, value, { atLeast, whole: true });
}

/**
 * A number of steps, settled for a run; fractions and epochs are rounded.
 *
 * @param taken steps of the run that a fraction does not count, such as its warm-up
 */
export function stepsIn(where: string, steps: Steps, run: RunSteps | undefined, taken = 0): number {
  if (typeof steps === 'number') return steps;
  if ('fraction' in steps && run) return Math.round(steps.fraction * Math.max(0, run.steps - taken));
  if ('epochs' in steps && run?.stepsPerEpoch) return Math.round(steps.epochs * run.stepsPerEpoch);
  throw new HarrierError('bad-option', 'the length of the run is needed', {
    where,
    received:
      'fraction' in steps
        ? `${steps.fraction} of an unknown run`
        : `${steps.epochs} epochs of unknown length`,
  });
}

/** How much of a phase is done, from 0 to 1. */
export function share(step: number, steps: number): number {
  return steps > 0 ? Math.min(1, step / steps) : 1;
}
