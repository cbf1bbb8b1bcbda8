import { differentiate } from '../autodiff/index.ts';
import { emitOnnx } from '../kernels/index.ts';
import type { ParameterSpec } from '../layers/index.ts';
import type { LossOptions } from '../losses/index.ts';
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
import {
  add,
  createGraph,
  importGraph,
  mul,
  reduceSum,
  scalar,
  scale,
  square,
  sub,
  where,
} from '../ops/index.ts';
import { exponentialMovingAverage, type ParameterGroup } from '../optimizers/index.ts';
import { lower, prepare, type Target } from '../passes/index.ts';
import { buildForwardGraph, type MaskInput } from './forward-graph.ts';
import {
  AVERAGE,
  AVERAGE_FRACTION,
  emitUpdates,
  gradientName,
  nextName,
  PASS,
  partialName,
  slotName,
} from './updates.ts';

/** A training step as a model, with the meaning of its inputs and outputs. */
export interface StepGraph {
  /** The graph as an ONNX model, lowered for its target. */
  readonly model: Model;
  /** Images per run of the graph. */
  readonly batch: number;
  /** Inputs that take random numbers for dropout at every step. */
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
  readonly loss?: LossOptions;
  /** Names of trainable parameters whose gradients are not needed any more; not with `updates`. */
  readonly settled?: ReadonlySet<string>;
  /** Puts the updates into the graph, where nothing changes when the loss is not finite; else gradients are outputs. */
  readonly updates?: readonly ParameterGroup<ParameterSpec>[];
  /** With `updates`: keeps an average of every trainable parameter, with its fraction as a scalar input. */
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
  const accumulate = updates !== undefined && options.accumulate === true;
  const forward = buildForwardGraph(network, { batch, imageSize, loss: lossOptions, accumulate });
  const graph = createGraph(forward.graph.name);
  const values = importGraph(graph, prepare(forward.graph));
  const named = (name: string): Value => values.get(name)!;
  const carry: { output: string; input: string }[] = [];
  const nexts: { input: Value; next: Value; everyPart?: boolean }[] = [];
  const carried = (input: Value, next: Value): void => {
    nexts.push({ input, next });
  };
  const pass = accumulate
    ? { first: named(PASS.first), last: named(PASS.last), fraction: named(PASS.fraction) }
    : undefined;
  /** What the passes of a step hand on: the first gets `before`, the next ones what became of it. */
  const partials = new Map<string, Value>();
  const handedOn = ({ name, graphShape }: ParameterSpec): Value => {
    const input = values.get(partialName(name)) ?? graph.input(partialName(name), 'float32', graphShape);
    partials.set(name, input);
    return input;
  };
  for (const { spec, next } of forward.moving) {
    carried(named(spec.name), named(next));
    if (pass) nexts.push({ input: handedOn(spec), next: named(next), everyPart: true });
  }

  const loss = named(forward.loss);
  graph.output(loss, LOSS);
  graph.output(named(forward.correct), CORRECT);
  const parameters = forward.parameters.map((spec) => [spec, named(spec.name)] as const);
  const trainable = parameters.filter(([{ name, trainable }]) => trainable && !options.settled?.has(name));
  const gradients = differentiate(
    graph,
    graph.in('penalty', () => penalized(graph, loss, trainable)),
    trainable.map(([, value]) => value),
  );
  if (updates) {
    const parameterOf = new Map(trainable.map(([{ name }, value]) => [name, value]));
    const total = (spec: ParameterSpec, gradient: Value): Value => {
      if (!pass) return gradient;
      const input = handedOn(spec);
      const part = mul(graph, gradient, pass.fraction);
      const next = where(graph, pass.first, part, add(graph, input, part));
      nexts.push({ input, next, everyPart: true });
      return next;
    };
    const gradientOf = new Map(trainable.map(([spec], i) => [spec.name, total(spec, gradients[i])]));
    const average = options.average ? graph.input(AVERAGE_FRACTION, 'float32', []) : undefined;
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
    masks: forward.masks,
    carry,
    state: Object.fromEntries(
      [...partials.values()].map(({ name, shape }) => [name, zeros(shape as number[])]),
    ),
  };
}

/** The loss and the penalties of the layers' regularizers: what is minimised. */
function penalized(
  graph: GraphBuilder,
  loss: Value,
  trainable: readonly (readonly [ParameterSpec, Value])[],
): Value {
  const norms = { l1: (x: Value) => graph.op('Abs', [x]), l2: (x: Value) => square(graph, x) };
  return trainable.reduce(
    (sum, [{ regularizer = {} }, value]) =>
      (['l1', 'l2'] as const).reduce((before, norm) => {
        const strength = regularizer[norm] ?? 0;
        if (strength === 0) return before;
        const axes = value.shape.map((_, axis) => axis);
        return add(graph, before, scale(graph, reduceSum(graph, norms[norm](value), axes, false), strength));
      }, sum),
    loss,
  );
}

function zeros(dims: readonly number[]): Tensor {
  return float32(dims, new Float32Array(elementCount(dims)));
}

/** The average of a parameter's values as an input, and what it becomes. */
function emitAverage(graph: GraphBuilder, parameter: Value, next: Value, fraction: Value): [Value, Value] {
  const { name, shape } = parameter;
  const average = graph.input(slotName(name, AVERAGE), 'float32', shape);
  const values = { average, parameter: next, fraction };
  return [
    average,
    graph.in(`${name}/update`, () => emitOnnx(graph, exponentialMovingAverage, values)).average,
  ];
}

/** Whether a single number is neither infinite nor NaN: x − x is 0, or else NaN. */
function isFiniteNumber(graph: GraphBuilder, x: Value): Value {
  return graph.op('Equal', [sub(graph, x, x), scalar(graph, 0)]);
}
