import type { ParameterSpec } from '../layers/index.ts';
import { type GraphBuilder, type Model, modelOf, type Value } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import {
  emitOnnxGradientScale,
  type Optimizer,
  type ParameterGroup,
  parameterGroups,
} from '../optimizers/index.ts';
import { lower, type Target } from '../passes/index.ts';

/** The scalars of each group of parameters for one step, as its optimizer gives them. */
export type GroupScalars = readonly Readonly<Record<string, number>>[];

/** The slot of a parameter's moving average. */
export const AVERAGE = 'average';
/** The scalar that says how much of a parameter goes into its average. */
export const AVERAGE_FRACTION = 'scalar/averageFraction';

/** What tells the parts of a batch from one another, and how much of the batch's gradient each gives. */
export const PASS = { first: 'pass/first', last: 'pass/last', fraction: 'pass/fraction' } as const;

/** What the parts of a batch hand on: the gradient so far, and statistics that are not those of the step yet. */
export const partialName = (parameter: string): string => `partial/${parameter}`;
export const gradientName = (parameter: string): string => `gradient/${parameter}`;
export const nextName = (parameter: string): string => `next/${parameter}`;
export const slotName = (parameter: string, slot: string): string => `${parameter}/${slot}`;
/** The optimizer's own scalars bear their plain names, those of its groups the group's number. */
export const scalarName = (group: number, scalar: string, decay: boolean): string =>
  ['scalar', ...(group > 0 ? [group] : []), scalar, ...(decay ? [] : ['undecayed'])].join('/');

/** Trainable parameters by what updates them: the optimizer's own, then its groups'. */
export function trainableGroups(
  parameters: readonly ParameterSpec[],
  optimizer: Optimizer,
): ParameterGroup<ParameterSpec>[] {
  return parameterGroups(
    optimizer,
    parameters.filter(({ trainable }) => trainable),
  );
}

/** Whether weight decay applies to a parameter. */
export function decays(
  { named, optimizer }: ParameterGroup<ParameterSpec>,
  { decay }: ParameterSpec,
): boolean {
  return named || optimizer.decaysAll === true || decay;
}

/** Every slot that is kept of a parameter: its optimizer's, then its average if there is one. */
export function slotsOf({ optimizer }: ParameterGroup<ParameterSpec>, averaged: boolean): readonly string[] {
  return averaged ? [...optimizer.slots, AVERAGE] : optimizer.slots;
}

/**
 * The rules of the optimizers for their parameters, with slots and the scalars of the step as inputs.
 *
 * @param carried takes every input with the value that it becomes
 */
export function emitUpdates(
  graph: GraphBuilder,
  groups: readonly ParameterGroup<ParameterSpec>[],
  parameterOf: (spec: ParameterSpec) => Value,
  gradientOf: (spec: ParameterSpec) => Value,
  carried: (input: Value, next: Value) => void,
): void {
  const scalars = new Map<string, Value>();
  const scalarInput = (name: string): Value => {
    const known = scalars.get(name) ?? graph.input(name, 'float32', []);
    scalars.set(name, known);
    return known;
  };
  groups.forEach((group, index) => {
    const { optimizer, parameters } = group;
    if (parameters.length === 0) return;
    const { slots, clipping, scalarNames } = optimizer;
    const global =
      clipping?.by === 'globalNorm'
        ? emitOnnxGradientScale(graph, parameters.map(gradientOf), clipping.limit)
        : undefined;
    for (const spec of parameters) {
      const gradient = gradientOf(spec);
      const values: Record<string, Value> = { parameter: parameterOf(spec), gradient };
      for (const slot of slots)
        values[slot] = graph.input(slotName(spec.name, slot), 'float32', spec.graphShape);
      graph.in(`${spec.name}/update`, () => {
        for (const name of scalarNames) {
          if (name !== 'gradientScale') {
            const decay = name !== 'weightDecay' || decays(group, spec);
            values[name] = scalarInput(scalarName(index, name, decay));
          } else values[name] = global ?? emitOnnxGradientScale(graph, [gradient], clipping!.limit);
        }
        for (const [array, next] of Object.entries(optimizer.emit(graph, values))) {
          if (array !== 'gradient') carried(values[array], next);
        }
      });
    }
  });
}

/** The rules of groups as a graph of their own: parameters, gradients, slots and scalars in; `next/…` out. */
export function buildUpdateGraph(groups: readonly ParameterGroup<ParameterSpec>[], target: Target): Model {
  const graph = createGraph('update');
  const inputs = new Map<string, Value>();
  const input = (name: string, { graphShape }: ParameterSpec): Value => {
    const known = inputs.get(name) ?? graph.input(name, 'float32', graphShape);
    inputs.set(name, known);
    return known;
  };
  emitUpdates(
    graph,
    groups,
    (spec) => input(spec.name, spec),
    (spec) => input(gradientName(spec.name), spec),
    ({ name }, next) => graph.output(next, nextName(name)),
  );
  return modelOf(lower(graph.build(), target));
}
