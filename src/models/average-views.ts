import { type TestTimeAugmentation, type View, viewsOf } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import { elementTypeCode, float32, type GraphBuilder, int64, type Value } from '../onnx/index.ts';
import { add, axes, div, mul, reduceSum, scalar, scale } from '../ops/index.ts';

/**
 * Has a network look at several views of every image, and averages what it gives: its logits, not its
 * probabilities, as airbench does. The views of an image lie beside each other along the batch, so that one pass of
 * the network serves all.
 *
 * @param image uint8 `[N, height, width, 3]`
 * @param network gives rows `[batch, size]` of images `[batch, height, width, 3]`: logits, and others beside them
 * @returns as many rows `[N, size]`
 * @throws HarrierError `bad-shape` when the images are too small to be moved
 */
export function averageViews(
  graph: GraphBuilder,
  image: Value,
  kind: TestTimeAugmentation,
  network: (images: Value) => readonly Value[],
): readonly Value[] {
  if (kind === 'none') return network(image);
  checkSize(image, kind);
  const views = viewsOf(kind);
  const images = graph.in('views', () => stacked(graph, image, views));
  const rows = network(images);
  return graph.in('views', () => rows.map((row) => weightedSum(graph, row, views)));
}

/** When an image is looked at again. */
export interface Doubt {
  /** The largest probability below which it is. */
  readonly below: number;
  /** What logits are divided by before Softmax. */
  readonly temperature: number;
}

/**
 * As {@link averageViews}, but only images whose first look leaves a doubt are looked at again: the network stands in the
 * graph twice, with the same weights, and the second time it gets these images alone. Where there are none, ONNX Runtime
 * computes nothing there.
 *
 * @param network gives the logits `[batch, classes]` of images; called twice, with the image as it is first
 * @returns `[N, classes]`
 * @throws HarrierError `bad-shape` as `averageViews`
 */
export function averageDoubtfulViews(
  graph: GraphBuilder,
  image: Value,
  kind: TestTimeAugmentation,
  { below, temperature }: Doubt,
  network: (images: Value) => Value,
): Value {
  checkSize(image, kind);
  const first = network(image);
  const [own, ...others] = viewsOf(kind);
  return graph.in('views', () => {
    const scores = temperature === 1 ? first : div(graph, first, scalar(graph, temperature));
    const probabilities = graph.op('Softmax', [scores], { axis: -1 });
    const sure = graph.op('ReduceMax', [probabilities, axes(graph, [1])], { keepdims: 0 });
    const isDoubtful = graph.op('Cast', [graph.op('Less', [sure, scalar(graph, below)])], {
      to: elementTypeCode('float32'),
    });
    const count = graph.op('Cast', [reduceSum(graph, isDoubtful, [0])], { to: elementTypeCode('int64') });
    // The largest are the doubtful ones, and come in the order of the images.
    const [, doubtful] = graph.ops('TopK', [isDoubtful, count], { axis: 0 }, { outputs: 2 });
    const again = graph.op('Gather', [image, doubtful], { axis: 0 });
    const rows = graph.in('again', () => network(stacked(graph, again, others)));
    const before = scale(graph, graph.op('Gather', [first, doubtful], { axis: 0 }), own.weight);
    const average = add(graph, before, weightedSum(graph, rows, others));
    const places = graph.op('Unsqueeze', [doubtful, axes(graph, [1])]);
    return graph.op('ScatterND', [first, places, average]);
  });
}

function checkSize(image: Value, kind: TestTimeAugmentation): void {
  const [, height, width] = image.shape.map(Number);
  if (kind !== 'flip-shift' || Math.min(height, width) >= 2) return;
  throw new HarrierError('bad-shape', 'these images are too small to be moved by a pixel', {
    where: `test-time augmentation "${kind}"`,
    expected: 'at least 2 × 2 pixels',
    received: `${width} × ${height}`,
    next: 'Use "flip" or "none".',
  });
}

/** Views of the images, those of one image beside each other: `[N · views, height, width, 3]`. */
function stacked(graph: GraphBuilder, image: Value, views: readonly View[]): Value {
  const [, height, width, channels] = image.shape.map(Number);
  const looks = views.map((view) => graph.op('Unsqueeze', [look(graph, image, view), axes(graph, [1])]));
  const all = graph.op('Concat', looks, { axis: 1 });
  return graph.op('Reshape', [all, graph.constant(int64([-1, height, width, channels]))]);
}

/** The sum over the views of an image, by their weights. @param row `[N · views, size]` @returns `[N, size]` */
function weightedSum(graph: GraphBuilder, row: Value, views: readonly View[]): Value {
  const size = Number(row.shape[1]);
  const each = graph.op('Reshape', [row, graph.constant(int64([-1, views.length, size]))]);
  const weights = views.map(({ weight }) => weight);
  return reduceSum(
    graph,
    mul(graph, each, graph.constant(float32([1, views.length, 1], weights))),
    [1],
    false,
  );
}

/** One view of the images: their rows and columns in another order. */
function look(graph: GraphBuilder, image: Value, { mirrored, shift }: View): Value {
  const [, height, width] = image.shape.map(Number);
  const rows = movedBy(shift, height);
  const columns = movedBy(shift, width);
  const moved = rearranged(graph, image, 1, rows);
  return rearranged(graph, moved, 2, mirrored ? columns.reverse() : columns);
}

/** Which of `size` lines comes to lie at each place; beyond an edge the lines are reflected, without the edge itself. */
function movedBy(shift: number, size: number): number[] {
  return Array.from({ length: size }, (_, place) => {
    const from = Math.abs(place - shift);
    return from < size ? from : 2 * (size - 1) - from;
  });
}

function rearranged(graph: GraphBuilder, value: Value, axis: number, order: readonly number[]): Value {
  if (order.every((from, place) => from === place)) return value;
  return graph.op('Gather', [value, graph.constant(int64(order))], { axis });
}
