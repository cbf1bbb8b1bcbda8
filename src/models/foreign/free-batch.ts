import { HarrierError } from '../../errors.ts';
import {
  elementCount,
  type Graph,
  type GraphBuilder,
  int64,
  intAttribute,
  intsAttribute,
  numbersOf,
  type Shape,
  type Value,
} from '../../onnx/index.ts';
import { createGraph, importGraph, type NodeToWrite, writeNode } from '../../ops/index.ts';

/** Name of the free batch. */
const BATCH = 'N';

/**
 * A graph that was exported for one number of images as the same graph for any number: shapes that `Reshape` and `Expand`
 * state are stated anew, without it.
 *
 * @param graph simplified; the first size of its one input is a number
 * @throws HarrierError `not-supported` where the number of images cannot be told from other sizes
 */
export function freeBatch(graph: Graph, where: string): Graph {
  const [input] = graph.inputs;
  const batch = Number(input.shape[0]);
  const fixed = importGraph(createGraph(graph.name), graph);
  const free: Graph = { ...graph, inputs: [{ ...input, shape: [BATCH, ...input.shape.slice(1)] }] };
  const builder = createGraph(graph.name);
  const sizes = new FixedSizes(fixed);
  const values = importGraph(builder, free, {}, {}, (node) => {
    const outputs = rewritten(builder, node, sizes, batch) ?? writeNode(builder, node);
    outputs.forEach((value, i) => {
      sizes.remember(value, node.outputs[i]);
    });
    return outputs;
  });
  for (const { name } of graph.outputs) {
    const value = values.get(name)!;
    if (value.shape[0] === BATCH || isFree(value.shape[0])) builder.output(value, name);
  }
  const result = builder.build();
  if (result.outputs.length === graph.outputs.length) return checked(result, where);
  throw notFree(where, 'its output does not depend on it');
}

/** Sizes that values have in the graph as it was exported. */
class FixedSizes {
  readonly #names = new Map<Value, string>();
  readonly #fixed: ReadonlyMap<string, Value>;

  constructor(fixed: ReadonlyMap<string, Value>) {
    this.#fixed = fixed;
  }

  remember(value: Value, name: string): void {
    this.#names.set(value, name);
  }

  of(value: Value): number[] {
    return this.named(this.#names.get(value) ?? value.name);
  }

  named(name: string): number[] {
    return this.#fixed.get(name)?.shape.map(Number) ?? [];
  }
}

function rewritten(
  builder: GraphBuilder,
  node: NodeToWrite,
  sizes: FixedSizes,
  batch: number,
): readonly Value[] | undefined {
  const [x, shape] = node.inputs;
  const axis = x ? batchAxis(x) : -1;
  if (node.domain !== '' || !x) return undefined;
  const to = sizes.named(node.outputs[0]);
  switch (node.opType) {
    case 'Reshape': {
      if (axis < 0 || !shape?.constant) return undefined;
      const from = sizes.of(x);
      const before = elementCount(from.slice(0, axis));
      const place = to.findIndex((size, i) => elementCount(to.slice(0, i)) === before && size % batch === 0);
      if (place < 0) throw notFree(node.name, 'it is mixed with other axes');
      const free = builder.constant(int64(to.with(place, -1)));
      return writeNode(builder, { ...node, inputs: [x, free], attributes: {} });
    }
    case 'Expand': {
      if (axis < 0 || !shape?.constant) return undefined;
      const free = builder.constant(int64(to.with(axis + to.length - x.shape.length, 1)));
      return writeNode(builder, { ...node, inputs: [x, free] });
    }
    case 'Resize':
      return resizedAxes(builder, node, axis);
    case 'Concat':
      return repeatedConstants(builder, node, batch);
    case 'Gather':
    case 'Slice':
    case 'Split':
      refuseParts(node, axis, sizes);
      return undefined;
    default:
      return undefined;
  }
}

/** Sizes that a `Resize` states are those of all axes but the batch, which stays as it is. */
function resizedAxes(builder: GraphBuilder, node: NodeToWrite, axis: number): readonly Value[] | undefined {
  const [x, roi, scales, sizes] = node.inputs;
  const stated = sizes?.constant && numbersOf(sizes.constant);
  if (!stated || stated.length === 0 || axis < 0) return undefined;
  const rank = x!.shape.length;
  const axes =
    intsAttribute(node.attributes, 'axes')?.map((each) => (each < 0 ? each + rank : each)) ??
    x!.shape.map((_, each) => each);
  const left = axes.flatMap((each, i) => (each === axis ? [] : [i]));
  if (left.length === axes.length) return undefined;
  return writeNode(builder, {
    ...node,
    inputs: [x, roi, scales, builder.constant(int64(left.map((i) => stated[i])))],
    attributes: { ...node.attributes, axes: left.map((i) => axes[i]) },
  });
}

/** What does not depend on the images, such as a class token, is repeated for each. */
function repeatedConstants(
  builder: GraphBuilder,
  node: NodeToWrite,
  batch: number,
): readonly Value[] | undefined {
  const along = node.inputs.find((input) => input && batchAxis(input) >= 0);
  if (!along) return undefined;
  const axis = batchAxis(along);
  const inputs = node.inputs.map((input) => {
    if (!input || batchAxis(input) >= 0 || input.shape[axis] !== batch) return input;
    if (batch !== 1) throw notFree(node.name, 'a constant is repeated for each image');
    const whole = builder.op('Shape', [along]);
    const count = builder.op('Slice', [
      whole,
      builder.constant(int64([axis])),
      builder.constant(int64([axis + 1])),
    ]);
    const rest = input.shape.map(Number);
    const parts = [
      ...(axis > 0 ? [builder.constant(int64(rest.slice(0, axis)))] : []),
      count,
      ...(axis + 1 < rest.length ? [builder.constant(int64(rest.slice(axis + 1)))] : []),
    ];
    return builder.op('Expand', [input, builder.op('Concat', parts, { axis: 0 })]);
  });
  return writeNode(builder, { ...node, inputs });
}

/** Taking a part of the images is no part of a model of one image. */
function refuseParts(node: NodeToWrite, axis: number, sizes: FixedSizes): void {
  const [x] = node.inputs;
  if (!x || axis < 0) return;
  const rank = x.shape.length;
  const given = intAttribute(node.attributes, 'axis', 0);
  const over = given < 0 ? given + rank : given;
  if (node.opType !== 'Slice' && over !== axis) return;
  const to = sizes.named(node.outputs[0]);
  if (node.opType === 'Slice' && to[axis] === sizes.of(x)[axis]) return;
  throw notFree(node.name, 'one of the images is taken out');
}

function batchAxis({ shape }: Value): number {
  return shape.findIndex((size) => isFree(size));
}

function isFree(size: Shape[number]): boolean {
  return typeof size === 'string';
}

/** Infers all shapes for two images: where the batch was taken for something else, they do not fit. */
function checked(graph: Graph, where: string): Graph {
  const [input] = graph.inputs;
  try {
    const two = { ...graph, inputs: [{ ...input, shape: [2, ...input.shape.slice(1)] }] };
    const values = importGraph(createGraph(graph.name), two);
    if (graph.outputs.every(({ name }) => values.get(name)!.shape[0] === 2)) return graph;
  } catch (cause) {
    throw notFree(where, 'shapes do not fit for two', cause);
  }
  throw notFree(where, 'its output has no row for each image');
}

function notFree(where: string, problem: string, cause?: unknown): HarrierError {
  return new HarrierError(
    'not-supported',
    `the model was exported for one number of images, and that cannot be undone: ${problem}`,
    { where, next: 'Export it again with a free batch (dynamic axes).', cause },
  );
}
