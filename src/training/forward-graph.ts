import type { ParameterSpec } from '../layers/index.ts';
import { isMultiLabel, type LossOptions, lossOf } from '../losses/index.ts';
import { correctCount, exactMatchCount } from '../metrics/index.ts';
import type { Network } from '../models/index.ts';
import type { Graph, GraphBuilder, Value } from '../onnx/index.ts';
import { createGraph, labelScores, logitsOf, where } from '../ops/index.ts';
import { PASS, partialName } from './updates.ts';

/** A dropout mask that is fed at every step. */
export interface MaskInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly rate: number;
}

/** The forward pass of a training step as a graph, and the names of its values. */
export interface ForwardGraph {
  readonly graph: Graph;
  /** The values to differentiate and to report; outputs of the graph. */
  readonly loss: string;
  readonly correct: string;
  /** The network's parameters in the order in which it uses them: inputs of the graph under their own names. */
  readonly parameters: readonly ParameterSpec[];
  /** Parameters that the network itself changes, each with the output that it becomes. */
  readonly moving: readonly { readonly spec: ParameterSpec; readonly next: string }[];
  readonly masks: readonly MaskInput[];
}

export interface ForwardOptions {
  readonly batch: number;
  readonly imageSize: readonly [height: number, width: number];
  readonly loss?: LossOptions;
  /**
   * The graph runs for a micro-batch: inputs `pass/…` tell the passes of a step apart, and moving statistics come from
   * the pass before (`partial/…`), but for the first.
   */
  readonly accumulate: boolean;
}

/**
 * Images `image` (uint8 `[batch, height, width, 3]`), `targets` (float32 `[batch, classes]`), masks and parameters in;
 * the loss, the number of correct answers, and moving statistics out.
 */
export function buildForwardGraph(network: Network, options: ForwardOptions): ForwardGraph {
  const { batch, imageSize, accumulate, loss: lossOptions } = options;
  const moves = accumulate ? movingStatistics(network, [batch, ...imageSize, 3]) : undefined;
  const graph = createGraph(`${network.name}-step`);
  const image = graph.input('image', 'uint8', [batch, ...imageSize, 3]);
  const targets = graph.input('targets', 'float32', [batch, network.outputSize]);
  const first = accumulate ? passInputs(graph) : undefined;
  const parameters: ParameterSpec[] = [];
  const masks: MaskInput[] = [];
  const nexts: { spec: ParameterSpec; next: Value }[] = [];

  const output = network.build(graph, image, {
    training: true,
    parameter: (spec) => {
      const value = graph.input(spec.name, 'float32', spec.graphShape);
      parameters.push(spec);
      if (!first || !moves?.has(spec.name)) return value;
      return where(graph, first, value, graph.input(partialName(spec.name), 'float32', spec.graphShape));
    },
    dropoutMask: (name, shape, rate) => {
      masks.push({ name, shape: [batch, ...shape], rate });
      return graph.input(name, 'float32', [batch, ...shape]);
    },
    update: (spec, next) => nexts.push({ spec, next }),
  });

  const loss = graph.in('loss', () => lossOf(graph, output, targets, lossOptions));
  const correct = graph.in('accuracy', () =>
    isMultiLabel(lossOptions)
      ? exactMatchCount(graph, labelScores(graph, output), targets)
      : correctCount(graph, logitsOf(graph, output), targets),
  );
  for (const value of new Set([loss, correct, ...nexts.map(({ next }) => next)])) graph.output(value);
  return {
    graph: graph.build(),
    loss: loss.name,
    correct: correct.name,
    parameters,
    moving: nexts.map(({ spec, next }) => ({ spec, next: next.name })),
    masks,
  };
}

/** The inputs that tell the passes of a step apart; returns whether it is the first. */
function passInputs(graph: GraphBuilder): Value {
  const first = graph.input(PASS.first, 'bool', []);
  graph.input(PASS.last, 'bool', []);
  graph.input(PASS.fraction, 'float32', []);
  return first;
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
