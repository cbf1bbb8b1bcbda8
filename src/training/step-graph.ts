import { differentiate } from '../autodiff/index.ts';
import { emitOnnx } from '../kernels/index.ts';
import type { ParameterSpec } from '../layers/index.ts';
import { type CrossentropyOptions, categoricalCrossentropy } from '../losses/index.ts';
import { correctCount } from '../metrics/index.ts';
import type { Network } from '../models/index.ts';
import {
  elementCount,
  float32,
  type GraphBuilder,
  type Model,
  modelOf,
  type Tensor,
  type Value,
} from '../onnx/index.ts';
import { add, createGraph, leaveOutUnreadEdges, logitsOf, mul, scalar, sub, where } from '../ops/index.ts';
import { exponentialMovingAverage, type ParameterGroup } from '../optimizers/index.ts';
import { lower, type Target } from '../passes/index.ts';
import {
  AVERAGE,
  AVERAGE_SHARE,
  emitUpdates,
  gradientName,
  nextName,
  PASS,
  partialName,
  slotName,
} from './updates.ts';

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
  /** First values of what the parts of a batch hand on. */
  readonly state: Readonly<Record<string, Tensor>>;
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
  /**
   * With `updates`: the graph runs for a part of the batch. Gradients are added up from part to part, and the last part
   * brings everything up to date.
   */
  readonly accumulate?: boolean;
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
  const parts = updates !== undefined && options.accumulate === true;
  const moving = parts ? movingStatistics(network, [batch, ...imageSize, 3]) : undefined;
  const graph = createGraph(`${network.name}-step`);
  const image = graph.input('image', 'uint8', [batch, ...imageSize, 3]);
  const targets = graph.input('targets', 'float32', [batch, network.outputSize]);
  const parameters = new Map<ParameterSpec, Value>();
  const masks: MaskInput[] = [];
  const carry: { output: string; input: string }[] = [];
  const nexts: { input: Value; next: Value; everyPart?: boolean }[] = [];
  const carried = (input: Value, next: Value): void => {
    nexts.push({ input, next });
  };
  const pass = parts ? passInputs(graph) : undefined;
  /** What the parts of a batch hand on: the first gets `before`, the next ones what became of it. */
  const partials = new Map<string, Value>();
  const handedOn = ({ name, graphShape }: ParameterSpec): Value => {
    const input = graph.input(partialName(name), 'float32', graphShape);
    partials.set(name, input);
    return input;
  };

  const output = network.build(graph, image, {
    training: true,
    parameter: (spec) => {
      const value = graph.input(spec.name, 'float32', spec.graphShape);
      parameters.set(spec, value);
      return pass && moving?.has(spec.name) ? where(graph, pass.first, value, handedOn(spec)) : value;
    },
    dropoutMask: (name, shape, rate) => {
      masks.push({ name, shape: [batch, ...shape], rate });
      return graph.input(name, 'float32', [batch, ...shape]);
    },
    update: (spec, next) => {
      carried(parameters.get(spec)!, next);
      const partial = partials.get(spec.name);
      if (partial) nexts.push({ input: partial, next, everyPart: true });
    },
  });

  const loss = graph.in('loss', () => categoricalCrossentropy(graph, output, targets, lossOptions));
  const correct = graph.in('accuracy', () => correctCount(graph, logitsOf(graph, output), targets));
  graph.output(loss, LOSS);
  graph.output(correct, CORRECT);
  leaveOutUnreadEdges(graph);

  const trainable = [...parameters].filter(([spec]) => spec.trainable);
  const gradients = differentiate(
    graph,
    loss,
    trainable.map(([, value]) => value),
  );
  if (updates) {
    const parameterOf = new Map(trainable.map(([{ name }, value]) => [name, value]));
    const total = (spec: ParameterSpec, gradient: Value): Value => {
      if (!pass) return gradient;
      const input = handedOn(spec);
      const part = mul(graph, gradient, pass.share);
      const next = where(graph, pass.first, part, add(graph, input, part));
      nexts.push({ input, next, everyPart: true });
      return next;
    };
    const gradientOf = new Map(trainable.map(([spec], i) => [spec.name, total(spec, gradients[i])]));
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
  const changes = finite && pass ? graph.op('And', [finite, pass.last]) : finite;
  for (const { input, next, everyPart } of nexts) {
    const guarded = changes && !everyPart ? where(graph, changes, next, input) : next;
    graph.output(guarded, nextName(input.name));
    carry.push({ output: nextName(input.name), input: input.name });
  }
  return {
    model: modelOf(lower(graph.build(), target, { convolutionBlock: options.convolutionBlock })),
    batch,
    masks,
    carry,
    state: Object.fromEntries(
      [...partials.values()].map(({ name, shape }) => [name, zeros(shape as number[])]),
    ),
  };
}

function zeros(dims: readonly number[]): Tensor {
  return float32(dims, new Float32Array(elementCount(dims)));
}

/** What tells the parts of a batch from one another. */
function passInputs(graph: GraphBuilder): {
  readonly first: Value;
  readonly last: Value;
  readonly share: Value;
} {
  return {
    first: graph.input(PASS.first, 'bool', []),
    last: graph.input(PASS.last, 'bool', []),
    share: graph.input(PASS.share, 'float32', []),
  };
}

/** Names of the parameters that the network itself changes as it trains. */
function movingStatistics(network: Network, imageShape: readonly number[]): ReadonlySet<string> {
  const graph = createGraph(network.name);
  const names = new Set<string>();
  network.build(graph, graph.input('image', 'uint8', imageShape), {
    training: true,
    parameter: ({ name, graphShape }) => graph.input(name, 'float32', graphShape),
    dropoutMask: (name, shape) => graph.input(name, 'float32', [imageShape[0], ...shape]),
    update: ({ name }) => names.add(name),
  });
  return names;
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
