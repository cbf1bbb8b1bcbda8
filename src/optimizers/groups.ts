import { HarrierError } from '../errors.ts';
import { badOption, checkKeys } from '../options/values.ts';
import type { Optimizer, OptimizerConfig, OptimizerGroup } from './optimizer.ts';
import type { RunSteps } from './schedule.ts';

/** A group as plain JSON. */
export interface GroupConfig {
  /** A pattern of parameter names, or several; `*` stands for anything. */
  readonly parameters: string | readonly string[];
  /** The optimizer of these parameters, as for `optimizerFrom`. */
  readonly optimizer: string | Optimizer | OptimizerConfig;
}

/** What is asked of a parameter to find its group. */
interface Parameter {
  readonly name: string;
  readonly graphShape: readonly number[];
}

/** Parameters that are updated in one way. */
export interface ParameterGroup<P extends Parameter> {
  readonly optimizer: Optimizer;
  readonly parameters: readonly P[];
  /** Whether the parameters were asked for by name: all of them then decay, if the optimizer decays weights. */
  readonly named: boolean;
}

/**
 * An optimizer that leaves some parameters to others: biases to one with another learning rate, say.
 * Weight decay of a group applies to all that it names, biases too.
 */
export function withGroups(optimizer: Optimizer, groups: readonly OptimizerGroup[]): Optimizer {
  // A group for vectors is its optimizer's own.
  const given = groups
    .filter(({ maximumRank }) => maximumRank === undefined)
    .map(({ parameters, optimizer: { config } }) => ({ parameters, optimizer: config }));
  const { name, slots, kernel, scalarNames, learningRate, clipping, decaysAll } = optimizer;
  return {
    name,
    slots,
    kernel,
    scalarNames,
    learningRate,
    clipping,
    decaysAll,
    config: { ...optimizer.config, groups: given },
    scalars: (step, rate) => optimizer.scalars(step, rate),
    emit: (graph, values) => optimizer.emit(graph, values),
    groups: [...groups, ...optimizer.groups],
  };
}

/** Groups from their configuration. */
export function groupsFrom(
  configs: unknown,
  optimizerFrom: (config: GroupConfig['optimizer']) => Optimizer,
): OptimizerGroup[] {
  if (!Array.isArray(configs)) {
    throw badOption('optimizer', 'groups', 'a list of { parameters, optimizer }', configs);
  }
  return configs.flatMap((config: GroupConfig) => {
    checkKeys('group of parameters', config, ['parameters', 'optimizer']);
    const patterns: readonly unknown[] = [config.parameters].flat();
    if (patterns.length === 0 || !patterns.every((each) => typeof each === 'string')) {
      throw badOption('group of parameters', 'parameters', 'names such as "dense/*"', config.parameters);
    }
    const optimizer = optimizerFrom(config.optimizer);
    if (optimizer.groups.some(({ maximumRank }) => maximumRank === undefined)) {
      throw badOption('group of parameters', 'optimizer', 'one without groups of its own', config.optimizer);
    }
    const parameters = patterns as string[];
    // Muon leaves vectors to another, here too.
    const left = optimizer.groups.map((group) => ({ ...group, parameters }));
    return [...left, { parameters, optimizer }];
  });
}

/**
 * Divides parameters among an optimizer and its groups, in the groups' order: first the optimizer's own. A group that
 * gets nothing is kept, so that positions stay.
 *
 * @throws HarrierError `bad-option` for a pattern that fits no parameter
 */
export function parameterGroups<P extends Parameter>(
  optimizer: Optimizer,
  parameters: readonly P[],
): ParameterGroup<P>[] {
  const left = new Set(parameters);
  const groups = optimizer.groups.map((group): ParameterGroup<P> => {
    const named = group.maximumRank === undefined;
    const tests = group.parameters.map((pattern) => ({ pattern, test: matcher(pattern) }));
    for (const { pattern, test } of tests) {
      if (!named || parameters.some(({ name }) => test(name))) continue;
      throw new HarrierError('bad-option', `no trainable parameter is called "${pattern}"`, {
        where: 'groups of the optimizer',
        next: `There are: ${parameters.map(({ name }) => name).join(', ')}`,
      });
    }
    const own = [...left].filter(
      ({ name, graphShape }) =>
        tests.some(({ test }) => test(name)) &&
        rankOf(graphShape) <= (group.maximumRank ?? Number.POSITIVE_INFINITY),
    );
    for (const each of own) left.delete(each);
    return { optimizer: group.optimizer, parameters: own, named };
  });
  return [{ optimizer, parameters: [...left], named: false }, ...groups];
}

/** Axes; a vector that is laid along one axis of images is a vector still. */
function rankOf(shape: readonly number[]): number {
  return shape.length > 2 && shape.filter((size) => size > 1).length <= 1 ? 1 : shape.length;
}

/** The learning rates of a step: the optimizer's own first, then its groups'. */
export function learningRates(optimizer: Optimizer, step: number, run: RunSteps): number[] {
  return [optimizer, ...optimizer.groups.map((group) => group.optimizer)].map(({ learningRate }) =>
    learningRate.at(step, run),
  );
}

/** Groups of an optimizer whose rates are 0 from a step on, for the rest of the run. */
export interface Settled {
  readonly from: number;
  /** Their places in the list of `learningRates`. */
  readonly groups: readonly number[];
}

/** The steps of a run at which rates come to their end at 0, in order, each with all groups that have by then. */
export function settledIn(optimizer: Optimizer, run: RunSteps): Settled[] {
  const ends = learningRates(optimizer, 0, run).map(() => run.steps);
  for (let step = run.steps - 1; step >= 0; step--) {
    learningRates(optimizer, step, run).forEach((rate, group) => {
      if (rate === 0 && ends[group] === step + 1) ends[group] = step;
    });
    if (!ends.includes(step)) break;
  }
  const steps = [...new Set(ends)].filter((step) => step < run.steps).sort((a, b) => a - b);
  return steps.map((from) => ({ from, groups: ends.flatMap((end, group) => (end <= from ? [group] : [])) }));
}

function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${parts.join('.*')}$`);
  return (name) => expression.test(name);
}
