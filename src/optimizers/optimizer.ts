import { HarrierError } from '../errors.ts';
import { defineKernel, type Expression, emitOnnx, type Kernel } from '../kernels/index.ts';
import type { GraphBuilder, Value } from '../onnx/index.ts';
import { badOption, checkKeys, checkNumber } from '../options/values.ts';
import type { Clipping } from './clipping.ts';
import type { Schedule, ScheduleConfig } from './schedule.ts';
import { scheduleFrom } from './schedules.ts';

/** An optimizer as plain JSON: its name and its options. */
export interface OptimizerConfig {
  /** Class name, such as `Adam`. */
  readonly name: string;
  readonly [option: string]: unknown;
}

/** A rule that updates parameters from gradients. */
export interface Optimizer {
  /** Class name, such as `Adam`. */
  readonly name: string;
  /** Arrays kept per parameter, of its shape, zero at first. */
  readonly slots: readonly string[];
  /**
   * The rule as a kernel, where it works element by element: with the arrays `parameter`, `gradient` and the slots,
   * and the scalars that `scalars` gives. It makes no difference between parameters: one call may cover many, and one
   * that needs another learning rate or no weight decay gets a call of its own with other scalars.
   */
  readonly kernel: Kernel | undefined;
  /** Names of the scalars that `scalars` gives. */
  readonly scalarNames: readonly string[];
  /** The learning rate at each step. */
  readonly learningRate: Schedule;
  /** How gradients are limited, if they are. */
  readonly clipping: Clipping | undefined;
  /** Whether weight decay applies to all parameters, not to kernels alone. */
  readonly decaysAll?: boolean;
  /** What `optimizerFrom` makes the same optimizer from, defaults included; plain JSON. */
  readonly config: OptimizerConfig;
  /**
   * The kernel's scalars for a step: computed in float64, rounded to float32.
   *
   * - `weightDecay` is there only if the optimizer decays weights: the part of each weight that the step takes away,
   *   its option times the learning rate. Set it to 0 for parameters that should keep theirs (biases, norms).
   * - `gradientScale` is there only if gradients are clipped by norm. It is 1 here: set it to
   *   `gradientScale(sumOfSquares, clipping.limit)`.
   *
   * @param step 1 for the first
   * @param learningRate for this step and parameter, as a rule `learningRate.at(step - 1, run)`
   */
  scalars(step: number, learningRate: number): Record<string, number>;
  /**
   * Adds the rule for one parameter to a graph, in the builder's present scope.
   *
   * @param values `parameter`, `gradient`, the slots, and the scalars (of shape `()`)
   * @returns new contents of `parameter` and the slots
   */
  emit(graph: GraphBuilder, values: Readonly<Record<string, Value>>): Record<string, Value>;
  /** Parameters that are updated by another optimizer instead; the first group that a parameter fits takes it. */
  readonly groups: readonly OptimizerGroup[];
}

/** Some parameters, and their optimizer. */
export interface OptimizerGroup {
  /** Patterns of names, such as `conv2d/*` or `dense_1/kernel`: `*` stands for anything. */
  readonly parameters: readonly string[];
  /** Where given, only parameters with at most so many axes. */
  readonly maximumRank?: number;
  /** The optimizer of these parameters. */
  readonly optimizer: Optimizer;
}

/**
 * Options that every optimizer has, with Keras's meaning, but for one default: weight decay leaves biases and
 * normalization's scales and offsets alone unless `weightDecayFor` says `all`.
 */
export interface CommonOptions {
  /** A number, a schedule, or a schedule's configuration. */
  learningRate?: number | Schedule | ScheduleConfig;
  /**
   * Decoupled: before the update, each weight that decays loses this part of itself times the learning rate. Default 0.
   */
  weightDecay?: number;
  /** What decays: the layers' kernels (the default), or `all` trainable weights, as in Keras. */
  weightDecayFor?: 'kernels' | 'all';
  /** Limits the norm of each parameter's gradient. At most one of the three clippings can be set. */
  clipNorm?: number;
  /** Limits the norm of all gradients together: of a group of parameters, those of the group. */
  globalClipNorm?: number;
  /** Limits each element of a gradient to [−clipValue, clipValue]. */
  clipValue?: number;
}

/** What an optimizer's own file says about it; the rest is common. */
export interface Rule {
  readonly name: string;
  /** Its own options, after defaults and checks. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly defaults: { readonly learningRate: number; readonly weightDecay: number };
  readonly slots: readonly string[];
  /** Names of its own scalars. */
  readonly scalars: readonly string[];
  /** New contents of the parameter and the slots. The gradient is clipped already, the parameter decayed. */
  readonly updates: (
    arrays: Readonly<Record<string, Expression>>,
    scalars: Readonly<Record<string, Expression>>,
  ) => Record<string, Expression>;
  /** Values of its own scalars, in float64. */
  readonly scalarsAt: (step: number, learningRate: number) => Record<string, number>;
}

const COMMON = [
  'learningRate',
  'weightDecay',
  'weightDecayFor',
  'clipNorm',
  'globalClipNorm',
  'clipValue',
] as const;

/** The parts of an optimizer that are the same for all: options, clipping, weight decay. */
export abstract class ElementwiseOptimizer implements Optimizer {
  readonly name: string;
  readonly slots: readonly string[];
  readonly kernel: Kernel;
  readonly scalarNames: readonly string[];
  readonly learningRate: Schedule;
  readonly clipping: Clipping | undefined;
  readonly decaysAll: boolean;
  readonly config: OptimizerConfig;
  readonly groups: readonly OptimizerGroup[] = [];
  readonly #weightDecay: number;
  readonly #scalarsAt: Rule['scalarsAt'];

  constructor(rule: Rule, options: CommonOptions) {
    const { name, slots } = rule;
    checkKeys(name, options, [...COMMON, ...Object.keys(rule.options)]);
    this.name = name;
    this.slots = slots;
    this.learningRate = scheduleFrom(options.learningRate ?? rule.defaults.learningRate);
    this.#weightDecay = checkNumber(name, 'weightDecay', options.weightDecay ?? rule.defaults.weightDecay, {
      atLeast: 0,
    });
    const { weightDecayFor = 'kernels' } = options;
    if (weightDecayFor !== 'kernels' && weightDecayFor !== 'all') {
      throw badOption(name, 'weightDecayFor', '"kernels" or "all"', weightDecayFor);
    }
    this.decaysAll = weightDecayFor === 'all';
    this.clipping = clippingOf(name, options);
    this.#scalarsAt = rule.scalarsAt;

    const decays = this.#weightDecay > 0;
    const scales = this.clipping !== undefined && this.clipping.by !== 'value';
    const { clipping } = this;
    this.kernel = defineKernel<string, string>(name, {
      arrays: ['parameter', 'gradient', ...slots],
      scalars: [...rule.scalars, ...(decays ? ['weightDecay'] : []), ...(scales ? ['gradientScale'] : [])],
      updates: (arrays, scalars) => {
        let { parameter, gradient } = arrays;
        if (scales) gradient = gradient.times(scalars.gradientScale);
        else if (clipping) gradient = gradient.maximum(-clipping.limit).minimum(clipping.limit);
        if (decays) parameter = parameter.minus(parameter.times(scalars.weightDecay));
        return rule.updates({ ...arrays, parameter, gradient }, scalars);
      },
    });

    this.scalarNames = this.kernel.scalars;
    const { config } = this.learningRate;
    this.config = {
      name,
      learningRate: config.name === 'constant' ? config.learningRate : config,
      ...rule.options,
      weightDecay: this.#weightDecay,
      ...(this.decaysAll && { weightDecayFor: 'all' }),
      ...Object.fromEntries(
        CLIPPINGS.flatMap(([option, by]) => (by === clipping?.by ? [[option, clipping.limit]] : [])),
      ),
    };
  }

  scalars(step: number, learningRate: number): Record<string, number> {
    checkNumber(this.name, 'step', step, { atLeast: 1, whole: true });
    const values = this.#scalarsAt(step, learningRate);
    if (this.kernel.scalars.includes('weightDecay')) values.weightDecay = this.#weightDecay * learningRate;
    if (this.kernel.scalars.includes('gradientScale')) values.gradientScale = 1;
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.fround(value)]));
  }

  emit(graph: GraphBuilder, values: Readonly<Record<string, Value>>): Record<string, Value> {
    return emitOnnx(graph, this.kernel, values);
  }
}

const CLIPPINGS = [
  ['clipNorm', 'norm'],
  ['globalClipNorm', 'globalNorm'],
  ['clipValue', 'value'],
] as const;

function clippingOf(name: string, options: CommonOptions): Clipping | undefined {
  const set = CLIPPINGS.filter(([option]) => options[option] !== undefined);
  if (set.length > 1) {
    throw new HarrierError('bad-option', 'gradients can be clipped in one way only', {
      where: name,
      received: set.map(([option]) => option).join(' and '),
      next: 'Choose one of them.',
    });
  }
  const [clipping] = set.map(([option, by]) => ({
    by,
    limit: checkNumber(name, option, options[option], { above: 0 }),
  }));
  return clipping;
}
