import { HarrierError } from '../../errors.ts';
import { type Dimension, type Graph, int64 } from '../../onnx/index.ts';
import { createGraph, importGraph, transpose, writeNode } from '../../ops/index.ts';
import { simplify } from '../../passes/index.ts';
import { freeBatch } from './free-batch.ts';
import type { ImageInput } from './image-input.ts';
import { inFloat32 } from './in-float32.ts';
import type { ChannelOrder } from './options.ts';

/** The name of the image that a prepared graph takes. */
export const IMAGE = 'image';

/**
 * A graph of another program as the same graph of images float32 `[N, channels, height, width]`, red first, all in
 * float32 and simplified: sizes are known, batch normalization is folded.
 *
 * @throws HarrierError `not-supported` for an op that Harrier does not know, `bad-shape` or `bad-graph` for sizes that
 *   do not fit
 */
export function prepareGraph(
  graph: Graph,
  input: ImageInput,
  [height, width]: readonly [number, number],
  channelOrder: ChannelOrder,
  where: string,
): Graph {
  const sizes = input.channelsLast ? [height, width, input.channels] : [input.channels, height, width];
  const [own] = graph.inputs;
  try {
    const simple = simplifiedForAnyBatch(
      { ...inFloat32(graph), inputs: [{ ...own, type: 'float32', shape: [own.shape[0], ...sizes] }] },
      where,
    );
    const builder = createGraph(graph.name);
    const image = builder.input(IMAGE, 'float32', ['N', input.channels, height, width]);
    const ordered =
      channelOrder === 'bgr' && input.channels === 3
        ? builder.op('Gather', [image, builder.constant(int64([2, 1, 0]))], { axis: 1 })
        : image;
    const given = input.channelsLast ? transpose(builder, ordered, [0, 2, 3, 1]) : ordered;
    const values = importGraph(builder, simple, { [input.name]: given }, {}, (node) =>
      writeNode(builder, { ...node, outputs: [plainName(node.outputs[0]), ...node.outputs.slice(1)] }),
    );
    for (const { name } of graph.outputs) builder.output(values.get(name)!, name === IMAGE ? 'output' : name);
    return builder.build();
  } catch (cause) {
    if (!(cause instanceof HarrierError)) throw cause;
    throw new HarrierError(cause.code, cause.summary, {
      ...cause.details,
      where: `${where}${cause.details.where ? `: ${cause.details.where}` : ''}`,
      cause,
    });
  }
}

/**
 * A graph of one image input, simplified, for any number of images. What cannot be followed with their number left open
 * is computed for one image, and that one is then taken out of all shapes.
 */
export function simplifiedForAnyBatch(graph: Graph, where: string): Graph {
  const [{ shape, ...input }] = graph.inputs;
  const forBatch = (size: Dimension): Graph =>
    simplify({ ...graph, inputs: [{ ...input, shape: [size, ...shape.slice(1)] }] });
  const [batch] = shape;
  if (typeof batch === 'number') return simplify(freeBatch(forBatch(batch), where));
  try {
    return forBatch(batch);
  } catch (cause) {
    if (!(cause instanceof HarrierError) || cause.code !== 'bad-shape') throw cause;
    try {
      return simplify(freeBatch(forBatch(1), where));
    } catch {
      throw cause;
    }
  }
}

/** What PyTorch's exporters call `/layer1/conv/Conv_output_0`: `layer1/conv/Conv`. */
export function plainName(name: string): string {
  return name.replace(/^\/+/, '').replace(/_output_0$/, '') || name;
}
