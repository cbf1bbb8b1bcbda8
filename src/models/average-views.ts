import { type TestTimeAugmentation, type View, viewsOf } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import { float32, type GraphBuilder, int64, type Value } from '../onnx/index.ts';
import { axes, mul, reduceSum } from '../ops/index.ts';

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
  const [, height, width, channels] = image.shape.map(Number);
  if (kind === 'flip-shift' && Math.min(height, width) < 2) {
    throw new HarrierError('bad-shape', 'these images are too small to be moved by a pixel', {
      where: `test-time augmentation "${kind}"`,
      expected: 'at least 2 × 2 pixels',
      received: `${width} × ${height}`,
      next: 'Use "flip" or "none".',
    });
  }
  const views = viewsOf(kind);
  const images = graph.in('views', () => {
    const looks = views.map((view) => graph.op('Unsqueeze', [look(graph, image, view), axes(graph, [1])]));
    const stacked = graph.op('Concat', looks, { axis: 1 });
    return graph.op('Reshape', [stacked, graph.constant(int64([-1, height, width, channels]))]);
  });
  const rows = network(images);
  return graph.in('views', () =>
    rows.map((row) => {
      const size = Number(row.shape[1]);
      const each = graph.op('Reshape', [row, graph.constant(int64([-1, views.length, size]))]);
      const weights = views.map(({ weight }) => weight);
      return reduceSum(
        graph,
        mul(graph, each, graph.constant(float32([1, views.length, 1], weights))),
        [1],
        false,
      );
    }),
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
