import { HarrierError } from '../errors.ts';
import { ENSEMBLE_KEY, withoutRejection, withoutViews } from '../models/index.ts';
import {
  type BuiltNode,
  type Dimension,
  elementCount,
  formatShape,
  type GraphBuilder,
  type Model,
  type Value,
} from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';

/** The parts of a classifier that explanations speak of, in a graph to which they can be added. */
export interface Anatomy {
  readonly graph: GraphBuilder;
  /** What goes in: `[batch, height, width, 3]` by Harrier's contract, `[batch, 3, height, width]` as others have it. */
  readonly image: Value;
  /** The first float32 value that comes from the image: the pixels as numbers, in the image's layout. */
  readonly pixels: Value;
  /** `[batch, classes]`, before Softmax. */
  readonly logits: Value;
  /** Nodes whose outputs change with the image, in their order. The others prepare weights, and run once. */
  readonly nodes: readonly BuiltNode[];
  /** Names of the image and of what those nodes make. */
  readonly changing: ReadonlySet<string>;
  /** Whether the model averages others, whose layers stand side by side. */
  readonly isAverage: boolean;
}

/** Ops that turn logits into what a model answers, and leave their order as it is. */
const ANSWERS = new Set(['Softmax', 'LogSoftmax', 'Sigmoid', 'Identity']);

/**
 * Takes a finished classifier apart: one image in, a row of numbers out, one for each class. Views that the model
 * averages are left out (`withoutViews`), and so are the output `unknown` and what comes after the logits.
 *
 * @param batch images that go through together: a number where something is to be differentiated
 * @throws HarrierError `not-supported` when the model is no such classifier or holds an op that Harrier does not know
 */
export function dissect(model: Model, batch: Dimension, where = model.graph.name): Anatomy {
  const { graph: finished } = withoutViews(withoutRejection(model));
  const [input, ...others] = finished.inputs;
  const output = finished.outputs.find(({ name }) => name === 'probabilities') ?? finished.outputs[0];
  if (!input || others.length > 0 || input.shape.length !== 4 || output?.shape.length !== 2) {
    const list = (values: typeof finished.inputs) =>
      values.map(({ name, shape }) => `${name}${formatShape(shape)}`).join(', ') || 'nothing';
    throw new HarrierError('not-supported', 'this model is not an image classifier', {
      where,
      expected: 'one input of 4 axes (images) and an output of 2 (a number for each class)',
      received: `${list(finished.inputs)} to ${list(finished.outputs)}`,
    });
  }
  const graph = createGraph(finished.name);
  const image = graph.input(input.name, input.type, [batch, ...input.shape.slice(1)]);
  const values = named(where, () => importGraph(graph, finished, { [input.name]: image }));
  const changing = new Set([image.name]);
  const nodes = graph.nodes.filter(({ inputs, outputs }) => {
    if (!inputs.some((each) => each && changing.has(each.name))) return false;
    for (const { name } of outputs) changing.add(name);
    return true;
  });
  const pixels =
    image.type === 'float32'
      ? image
      : nodes.find(({ outputs: [{ type }] }) => type === 'float32')?.outputs[0];
  const logits = beforeAnswer(nodes, values.get(output.name)!);
  if (!pixels || !changing.has(logits.name)) {
    throw new HarrierError('not-supported', 'the output of this model does not depend on the image', {
      where,
    });
  }
  const isAverage = model.metadata[ENSEMBLE_KEY] !== undefined;
  return { graph, image, pixels, logits, nodes, changing, isAverage };
}

/** The logits that an answer was made of; the answer itself where nothing shows that it is anything else. */
function beforeAnswer(nodes: readonly BuiltNode[], answer: Value): Value {
  const maker = nodes.findLast(({ outputs }) => outputs[0].name === answer.name);
  return maker && ANSWERS.has(maker.opType) ? beforeAnswer(nodes, maker.inputs[0]!) : answer;
}

/** The axis of an image's colours: the last by Harrier's contract, else the one of three that is found first. */
export function colourAxis({ shape }: Value): number {
  return shape[3] === 3 ? 3 : 1;
}

/** Numbers of the weights that a node takes: what does not change with the image and is no constant of Harrier's. */
export function weightsOf(anatomy: Anatomy, node: BuiltNode): Value[] {
  return node.inputs.filter(
    (input): input is Value =>
      input !== undefined &&
      input.type === 'float32' &&
      input.shape.length > 0 &&
      !anatomy.changing.has(input.name) &&
      !/(^|\/)constant(_\d+)?$/.test(input.name),
  );
}

export function sizeOf({ shape }: Value): number {
  return elementCount(shape.map(Number));
}

/** What goes wrong in there is the model's: its name comes first. */
export function named<T>(where: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof HarrierError)) throw cause;
    const { expected, received, next } = cause.details;
    throw new HarrierError(
      cause.code,
      `${cause.details.where ? `${cause.details.where}: ` : ''}${cause.summary}`,
      { where, expected, received, next, cause },
    );
  }
}
