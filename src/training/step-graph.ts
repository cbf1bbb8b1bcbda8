import { differentiate } from '../autodiff/index.ts';
import { emitOnnx } from '../kernels/index.ts';
import type { ParameterSpec } from '../layers/index.ts';
import { type CrossentropyOptions, categoricalCrossentropy } from '../losses/index.ts';
import { lower, type Target } from '../lowering/index.ts';
import { correctCount } from '../metrics/index.ts';
import type { Network } from '../models/index.ts';
import { type GraphBuilder, type Model, modelOf, type Value } from '../onnx/index.ts';
import { createGraph, logitsOf, scalar, sub, where } from '../ops/index.ts';
import { emitOnnxGradientScale, type Optimizer } from '../optimizers/index.ts';

/** A dropout mask that is fed at every step. */
export interface MaskInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly rate: number;
}

/** A training step as a model, and what its inputs and outputs mean. */
export interface StepGraph {
  readonly model: Model;
  readonly batch: number;
  readonly masks: readonly MaskInput[];
  /** Where the optimizer is in the graph: each new value with the input it becomes. */
  readonly carry: readonly { readonly output: string; readonly input: string }[];
}

export interface StepGraphOptions {
  readonly batch: number;
  readonly target: Target;
  readonly convolutionBlock?: number;
  readonly loss?: CrossentropyOptions;
  /** Puts the update into the graph, where nothing changes when the loss is not finite; without it, gradients are outputs. */
  readonly optimizer?: Optimizer;
}

export const LOSS = 'loss';
export const CORRECT = 'correct';
export const gradientName = (parameter: string): string => `gradient/${parameter}`;
export const nextName = (parameter: string): string => `next/${parameter}`;
export const slotName = (parameter: string, slot: string): string => `${parameter}/${slot}`;
export const scalarName = (scalar: string, decay: boolean): string =>
  `scalar/${scalar}${decay ? '' : '/undecayed'}`;

/**
 * The training step of a network: images `image` (uint8 `[batch, height, width, 3]`), `targets` (float32
 * `[batch, classes]`), masks and parameters in; `loss`, `correct`, and gradients or new parameters out.
 */
export function buildStepGraph(network: Network, options: StepGraphOptions): StepGraph {
  const { batch, target, loss: lossOptions, optimizer } = options;
  const graph = createGraph(`${network.name}-step`);
  const image = graph.input('image', 'uint8', [batch, ...network.inputShape]);
  const targets = graph.input('targets', 'float32', [batch, network.outputSize]);
  const parameters = new Map<ParameterSpec, Value>();
  const masks: MaskInput[] = [];
  const carry: { output: string; input: string }[] = [];
  const nexts: { input: Value; next: Value }[] = [];
  const carried = (input: Value, next: Value): void => {
    nexts.push({ input, next });
  };

  const output = network.build(graph, image, {
    training: true,
    parameter: (spec) => {
      const value = graph.input(spec.name, 'float32', spec.graphShape);
      parameters.set(spec, value);
      return value;
    },
    dropoutMask: (name, shape, rate) => {
      masks.push({ name, shape: [batch, ...shape], rate });
      return graph.input(name, 'float32', [batch, ...shape]);
    },
    update: (spec, next) => carried(parameters.get(spec)!, next),
  });

  const loss = graph.in('loss', () => categoricalCrossentropy(graph, output, targets, lossOptions));
  const correct = graph.in('accuracy', () => correctCount(graph, logitsOf(graph, output), targets));
  graph.output(loss, LOSS);
  graph.output(correct, CORRECT);

  const trainable = [...parameters].filter(([spec]) => spec.trainable);
  const gradients = differentiate(
    graph,
    loss,
    trainable.map(([, value]) => value),
  );
  if (optimizer) {
    emitUpdates(graph, optimizer, trainable, gradients, carried);
  } else {
    trainable.forEach(([{ name }], i) => {
      graph.output(gradients[i], gradientName(name));
    });
  }
  const finite = optimizer ? graph.in('guard', () => isFiniteNumber(graph, loss)) : undefined;
  for (const { input, next } of nexts) {
    graph.output(finite ? where(graph, finite, next, input) : next, nextName(input.name));
    carry.push({ output: nextName(input.name), input: input.name });
  }
  return {
    model: modelOf(lower(graph.build(), target, { convolutionBlock: options.convolutionBlock })),
    batch,
    masks,
    carry,
  };
}

/** Whether a single number is neither infinite nor NaN: x − x is 0, or else NaN. */
function isFiniteNumber(graph: GraphBuilder, x: Value): Value {
  return graph.op('Equal', [sub(graph, x, x), scalar(graph, 0)]);
}

/** The optimizer's expression for every parameter, with the scalars of the step as inputs. */
function emitUpdates(
  graph: GraphBuilder,
  optimizer: Optimizer,
  trainable: readonly (readonly [ParameterSpec, Value])[],
  gradients: readonly Value[],
  carried: (input: Value, next: Value) => void,
): void {
  const { kernel, slots, clipping } = optimizer;
  const scalars = new Map<string, Value>();
  const scalarInput = (name: string, decay: boolean): Value => {
    const full = scalarName(name, decay || name !== 'weightDecay');
    const known = scalars.get(full) ?? graph.input(full, 'float32', []);
    scalars.set(full, known);
    return known;
  };
  const global =
    clipping?.by === 'globalNorm' ? emitOnnxGradientScale(graph, gradients, clipping.limit) : undefined;
  trainable.forEach(([spec, parameter], i) => {
    const values: Record<string, Value> = { parameter, gradient: gradients[i] };
    for (const slot of slots)
      values[slot] = graph.input(slotName(spec.name, slot), 'float32', spec.graphShape);
    graph.in(`${spec.name}/update`, () => {
      for (const name of kernel.scalars) {
        if (name !== 'gradientScale') values[name] = scalarInput(name, spec.decay);
        else values[name] = global ?? emitOnnxGradientScale(graph, [gradients[i]], clipping!.limit);
      }
      for (const [array, next] of Object.entries(emitOnnx(graph, kernel, values))) {
        if (array !== 'gradient') carried(values[array], next);
      }
    });
  });
}
