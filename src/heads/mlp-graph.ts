import { differentiate } from '../autodiff/index.ts';
import { Dense, Dropout, type ParameterSpec } from '../layers/index.ts';
import { categoricalCrossentropy } from '../losses/index.ts';
import { addCalls } from '../models/build.ts';
import { callsOfStack } from '../models/calls.ts';
import { type Model, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import type { Optimizer, ParameterGroup } from '../optimizers/index.ts';
import { lower, type Target } from '../passes/index.ts';
import { emitUpdates, nextName, trainableGroups } from '../training/updates.ts';

export interface MlpGraphOptions {
  readonly batch: number;
  /** Features of a row. */
  readonly size: number;
  readonly units: number;
  readonly classes: number;
  /** Fraction of the hidden units that a step leaves out. */
  readonly dropout: number;
  readonly labelSmoothing?: number;
  readonly optimizer: Optimizer;
  readonly target: Target;
}

/** One step of training a hidden layer and a last one, the optimizer in the graph. */
export interface MlpStep {
  readonly model: Model;
  readonly carry: readonly { readonly output: string; readonly input: string }[];
  readonly parameters: readonly ParameterSpec[];
  readonly groups: readonly ParameterGroup<ParameterSpec>[];
  /** The input of the dropout mask, `[batch, units]`; absent where no unit is left out. */
  readonly mask?: string;
}

/**
 * Features `[batch, size]`, targets `[batch, classes]`, a mask, parameters and the optimizer's state in; the loss and what
 * these become out.
 */
export function mlpStep(options: MlpGraphOptions): MlpStep {
  const { batch, size, units, classes, dropout, labelSmoothing, optimizer, target } = options;
  const graph = createGraph('mlp-head');
  const features = graph.input('features', 'float32', [batch, size]);
  const targets = graph.input('targets', 'float32', [batch, classes]);
  const parameters: ParameterSpec[] = [];
  let mask: string | undefined;
  const calls = callsOfStack('mlp-head', [
    new Dense({ name: 'hidden', units, activation: 'relu', kernelInitializer: 'heNormal' }),
    new Dropout({ name: 'dropout', rate: dropout }),
    new Dense({ name: 'head', units: classes }),
  ]);
  const { output } = addCalls(
    { name: 'mlp-head', calls },
    graph,
    { value: features, shape: [size] },
    {
      training: true,
      parameter: (spec) => {
        parameters.push(spec);
        return graph.input(spec.name, 'float32', spec.graphShape);
      },
      dropoutMask: (name, shape) => {
        mask = name;
        return graph.input(name, 'float32', [batch, ...shape]);
      },
    },
  );
  const loss = graph.in('loss', () =>
    categoricalCrossentropy(graph, output.value, targets, { labelSmoothing }),
  );
  const inputs = new Map(graph.inputs.map((value) => [value.name, value]));
  const values = parameters.map(({ name }) => inputs.get(name)!);
  const gradients = differentiate(graph, loss, values);
  graph.output(loss, 'loss');
  const groups = trainableGroups(parameters, optimizer);
  const carry: { output: string; input: string }[] = [];
  const place = (spec: ParameterSpec) => parameters.indexOf(spec);
  emitUpdates(
    graph,
    groups,
    (spec) => values[place(spec)],
    (spec) => gradients[place(spec)],
    ({ name }, next) => {
      graph.output(next, nextName(name));
      carry.push({ output: nextName(name), input: name });
    },
  );
  return { model: modelOf(lower(graph.build(), target)), carry, parameters, groups, ...(mask && { mask }) };
}
