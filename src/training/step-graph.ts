import { differentiate } from '../autodiff/index.ts';
import { emitOnnx } from '../kernels/index.ts';
import type { ParameterSpec } from '../layers/index.ts';
import { type CrossentropyOptions, categoricalCrossentropy } from '../losses/index.ts';
import { lower, type Target } from '../lowering/index.ts';
import { correctCount } from '../metrics/index.ts';
import type { Network } from '../models/index.ts';
import { type GraphBuilder, type Model, modelOf, type Value } from '../onnx/index.ts';
import { createGraph, logitsOf, scalar, sub, where } from '../ops/index.ts';
import { exponentialMovingAverage, type ParameterGroup } from '../optimizers/index.ts';
import { AVERAGE, AVERAGE_SHARE, emitUpdates, gradientName, nextName, slotName } from './updates.ts';

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
  /** Height and width of the images. Default: the network's. */
  readonly imageSize?: readonly [height: number, width: number];
  readonly target: Target;
  readonly convolutionBlock?: number;
  readonly loss?: CrossentropyOptions;
  /** Puts the updates into the graph, where nothing changes when the loss is not finite; else gradients are outputs. */
  readonly updates?: readonly ParameterGroup<ParameterSpec>[];
  /** With `updates`: keeps an average of every trainable parameter, with its share as a scalar input. */
  readonly average?: boolean;
}

export const LOSS = 'loss';
export const CORRECT = 'correct';

/**
 * The training step of a network: images `image` (uint8 `[batch, height, width, 3]`), `targets` (float32
 * `[batch, classes]`), masks and parameters in; `loss`, `correct`, and gradients or new parameters out.
 */
export function buildStepGraph(network: Network, options: StepGraphOptions): StepGraph {
  const { batch, target, loss: lossOptions, updates } = options;
  const { imageSize = [network.inputShape[0], network.inputShape[1]] } = options;
  const graph = createGraph(`${network.name}-step`);
  const image = graph.input('image', 'uint8', [batch, ...imageSize, 3]);
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
  if (updates) {
    const parameterOf = new Map(trainable.map(([{ name }, value]) => [name, value]));
    const gradientOf = new Map(trainable.map(([{ name }], i) => [name, gradients[i]]));
    const average = options.average ? graph.input(AVERAGE_SHARE, 'float32', []) : undefined;
    emitUpdates(
      graph,
      updates,
      ({ name }) => parameterOf.get(name)!,
      ({ name }) => gradientOf.get(name)!,
      (input, next) => {
        carried(input, next);
        if (average && parameterOf.has(input.name)) carried(...emitAverage(graph, input, next, average));
      },
    );
  } else {
    trainable.forEach(([{ name }], i) => {
      graph.output(gradients[i], gradientName(name));
    });
  }
  const finite = updates ? graph.in('guard', () => isFiniteNumber(graph, loss)) : undefined;
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

/** The average of a parameter's values as an input, and what it becomes. */
function emitAverage(graph: GraphBuilder, parameter: Value, next: Value, share: Value): [Value, Value] {
  const { name, shape } = parameter;
  const average = graph.input(slotName(name, AVERAGE), 'float32', shape);
  const values = { average, parameter: next, share };
  return [
    average,
    graph.in(`${name}/update`, () => emitOnnx(graph, exponentialMovingAverage, values)).average,
  ];
}

/** Whether a single number is neither infinite nor NaN: x − x is 0, or else NaN. */
function isFiniteNumber(graph: GraphBuilder, x: Value): Value {
  return graph.op('Equal', [sub(graph, x, x), scalar(graph, 0)]);
}
